#pragma once
// Logged models as MLflow 3's clients know them; their search is in registry_search.cpp.

#include "catalog/registry/logged_models.hpp"
#include "domain/metric.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

/// `mlflow-artifacts:/<experiment>/models/<id>/artifacts`
std::string logged_model_uri(const catalog::LoggedModel& model);
/// Points that name a model are the model's as well, every one. kNotFound: a model that is not there.
io::Task<Status> put_model_points(Request& request, RunId run, const std::vector<MetricPoint>& points);
json::object logged_model_record(const catalog::LoggedModel& model);

}  // namespace stoker::mlflow
