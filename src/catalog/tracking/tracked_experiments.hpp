#pragma once
// Experiments as MLflow's clients have them: by number, with a name of any text, deleted and brought back with their runs.

#include <optional>
#include <string>
#include <vector>

#include "catalog/experiments.hpp"

namespace stoker::catalog {

inline constexpr std::string_view kDefaultExperiment = "Default";

/// nullopt: the workspace has no experiment of that number.
Result<std::optional<Experiment>> find_experiment_by_number(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number);
Result<std::optional<std::int64_t>> find_experiment_pk(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number);
/// kNotFound.
Result<std::int64_t> find_experiment_pk(db::Connection& connection, const ExperimentId& id);
Result<std::optional<Experiment>> look_up_experiment(db::Connection& connection, const WorkspaceId& workspace, const std::string& name);
/// Of one workspace, or of all.
Result<std::vector<std::int64_t>> experiment_pks(db::Connection& connection, const std::optional<WorkspaceId>& workspace);

/// Any name; its tags are set, too. kConflict: the name is taken, also by an archived one. kNotFound: the workspace.
Result<Experiment> create_experiment(db::Transaction& transaction, const Experiment& wish, Random& random);
/// Number 0, `Default`. Does nothing where it, or another of the name, is there.
Status make_default_experiment(db::Transaction& transaction, const WorkspaceId& workspace, Time now, Random& random);

/// kConflict: the name is taken.
Status rename_experiment(db::Transaction& transaction, const Experiment& experiment, const std::string& name, Time now);
/// With its active runs.
Status archive_with_runs(db::Transaction& transaction, const Experiment& experiment, Time now);
/// With all its runs.
Status restore_with_runs(db::Transaction& transaction, const Experiment& experiment, Time now);
/// By MLflow's limits, which the caller has checked.
Status set_experiment_tags(db::Transaction& transaction, const Experiment& experiment);

}  // namespace stoker::catalog
