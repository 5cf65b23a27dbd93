#pragma once
// The model registry's records, and what its calls share. Its searches are in registry_search.cpp.

#include "catalog/registry/models.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

std::int64_t millis(Time time);
json::array tag_list(const catalog::Labels& tags, std::string_view key = "key", std::string_view value = "value");
json::object model_version_record(const catalog::ModelVersion& version);
json::object registered_model_record(const catalog::RegisteredModel& model);

/// A version of the model and its number from the request's `name` and `version`.
Result<catalog::ModelVersion> find_version_of(db::Connection& connection, const WorkspaceId& workspace, const std::string& name,
                                              std::int64_t version);
bool is_prompt(const catalog::Labels& tags);

}  // namespace stoker::mlflow
