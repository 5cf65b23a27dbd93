#pragma once
// What other resources need of experiments.

#include "catalog/runs.hpp"
#include "catalog/tracking/tracked_experiments.hpp"
#include "mlflow/fields.hpp"

namespace stoker::mlflow {

/// "Invalid experiment ID '…'. Experiment ID must be a valid integer."
Result<std::int64_t> experiment_number(std::string_view text);
/// "No Experiment with id=… exists"
Error no_experiment(std::string_view id);
/// kNotFound.
Result<catalog::Experiment> require_experiment(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number);
/// Also "The experiment … must be in the 'active' state."
Result<catalog::Experiment> require_active_experiment(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number);

/// As given, or `mlflow-artifacts:/<number>`.
std::string artifact_location(const catalog::Experiment& experiment);
json::object experiment_json(const catalog::Experiment& experiment);

/// ACTIVE_ONLY when absent or anything else.
catalog::RunView read_view(const Fields& fields, std::string_view name);

}  // namespace stoker::mlflow
