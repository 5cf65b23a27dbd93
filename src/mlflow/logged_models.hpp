#pragma once
// Logged models as MLflow 3's clients know them; their search is in registry_search.cpp.

#include "catalog/registry/logged_models.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

/// `mlflow-artifacts:/<experiment>/models/<id>/artifacts`
std::string logged_model_uri(const catalog::LoggedModel& model);
json::object logged_model_record(const catalog::LoggedModel& model);

}  // namespace stoker::mlflow
