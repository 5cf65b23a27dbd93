#pragma once
// The list of runs with a filter or an order, in MLflow's grammar. Behind ListRuns.

#include "api/handlers/runs.hpp"

namespace stoker::api {

io::Task<Result<json::object>> search_runs(Call& call, ListRuns::Input input);

/// By name within a workspace; without one, by its id.
Result<ExperimentId> experiment_of(db::Connection& connection, const ListRuns::Input& input);

}  // namespace stoker::api
