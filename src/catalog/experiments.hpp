#pragma once
// Experiments: runs of one name in one workspace. They come into being with their first run.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct Experiment {
  ExperimentId id;
  std::int64_t number = 0;  // 1-based per workspace; MLflow's integer id
  WorkspaceId workspace;
  std::string name;
  Time created_at;
  std::optional<Time> archived_at;
  Time updated_at;                // renamed, archived or brought back
  std::string artifact_location;  // empty: the default root
  std::string description;
  std::map<std::string, std::string> tags;
  std::int64_t run_count = 0;  // runs made so far, and the number of the newest
};

json::object to_json(const Experiment& experiment);

/// kNotFound, with the nearest name that the workspace has.
Result<Experiment> find_experiment(db::Connection& connection, const WorkspaceId& workspace, const std::string& name);
Result<Experiment> find_experiment(db::Connection& connection, const ExperimentId& id);
/// By name. Archived ones only when asked for.
Result<std::vector<Experiment>> list_experiments(db::Connection& connection, const WorkspaceId& workspace, bool with_archived = true);
/// kInvalidInput for a name that is none, kNotFound for a workspace that is not there.
Result<Experiment> get_or_create_experiment(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, Time now,
                                            Random& random);
/// Writes archived_at, description and tags, which the caller has checked: MLflow's limits are wider than those of v1. kNotFound.
Status update_experiment(db::Transaction& transaction, const Experiment& experiment);
/// kConflict: it has runs.
Status remove_experiment(db::Transaction& transaction, const ExperimentId& id);

}  // namespace stoker::catalog
