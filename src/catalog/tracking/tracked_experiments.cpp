#include "catalog/tracking/tracked_experiments.hpp"

#include <fmt/format.h>

#include "catalog/experiment_row.hpp"
#include "catalog/labels.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::catalog {
namespace {

Error name_taken(const std::string& name) { return {ErrorCode::kConflict, fmt::format("Experiment(name={}) already exists.", name)}; }

}  // namespace

Result<std::optional<Experiment>> find_experiment_by_number(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number) {
  return connection.read_one("find_experiment_by_number", {workspace, number}, read_experiment);
}

Result<std::optional<std::int64_t>> find_experiment_pk(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number) {
  return connection.read_one("find_experiment_by_number", {workspace, number}, [](const db::Row& row) { return row.integer("pk"); });
}

Result<std::int64_t> find_experiment_pk(db::Connection& connection, const ExperimentId& id) {
  TRY(const auto pk, connection.read_one("find_experiment_pk", {id}, [](const db::Row& row) { return row.integer("pk"); }));
  if (!pk) return find_experiment(connection, id).error();
  return *pk;
}

Result<std::optional<Experiment>> look_up_experiment(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  return connection.read_one("find_experiment_by_name", {workspace, name}, read_experiment);
}

Result<std::vector<std::int64_t>> experiment_pks(db::Connection& connection, const std::optional<WorkspaceId>& workspace) {
  const auto read = [](const db::Row& row) { return row.integer("pk"); };
  if (workspace) return connection.read_all("experiment_pks_of_workspace", {*workspace}, read);
  return connection.read_all("all_experiment_pks", {}, read);
}

Result<Experiment> create_experiment(db::Transaction& transaction, const Experiment& wish, Random& random) {
  auto& connection = transaction.connection();
  TRY(const auto taken, look_up_experiment(connection, wish.workspace, wish.name));
  if (taken) return name_taken(wish.name);
  TRY(const auto place, connection.read_one("count_experiment", {wish.workspace},
                                            [](const db::Row& row) { return std::pair(row.integer("pk"), row.integer("experiment_count")); }));
  if (!place) return find_workspace(connection, wish.workspace).error();
  const ExperimentId id(new_guid(random));
  TRY(const auto made, connection.execute("insert_experiment", {id, place->first, place->second, wish.name, wish.created_at}));
  if (made == 0) return name_taken(wish.name);
  if (!wish.artifact_location.empty()) CHECK_OK(connection.execute("set_experiment_location", {id, wish.artifact_location}));
  if (!wish.tags.empty()) CHECK_OK(connection.execute("set_experiment_tags", {id, labels_to_text(wish.tags)}));
  return find_experiment(connection, id);
}

Status make_default_experiment(db::Transaction& transaction, const WorkspaceId& workspace, Time now, Random& random) {
  CHECK_OK(transaction.connection().execute("insert_experiment_numbered", {new_guid(random), workspace, 0, kDefaultExperiment, now}));
  return ok();
}

Status rename_experiment(db::Transaction& transaction, const Experiment& experiment, const std::string& name, Time now) {
  if (name != experiment.name) {
    TRY(const auto taken, look_up_experiment(transaction, experiment.workspace, name));
    if (taken) return name_taken(name);
  }
  CHECK_OK(transaction.connection().execute("rename_experiment", {experiment.id, name, now}));
  return ok();
}

Status archive_with_runs(db::Transaction& transaction, const Experiment& experiment, Time now) {
  auto& connection = transaction.connection();
  CHECK_OK(connection.execute("set_experiment_archived", {experiment.id, now, now}));
  CHECK_OK(connection.execute("archive_runs_of_experiment", {experiment.id, now}));
  return ok();
}

Status restore_with_runs(db::Transaction& transaction, const Experiment& experiment, Time now) {
  auto& connection = transaction.connection();
  CHECK_OK(connection.execute("set_experiment_archived", {experiment.id, nullptr, now}));
  CHECK_OK(connection.execute("restore_runs_of_experiment", {experiment.id}));
  return ok();
}

Status set_experiment_tags(db::Transaction& transaction, const Experiment& experiment) {
  CHECK_OK(transaction.connection().execute("set_experiment_tags", {experiment.id, labels_to_text(experiment.tags)}));
  return ok();
}

}  // namespace stoker::catalog
