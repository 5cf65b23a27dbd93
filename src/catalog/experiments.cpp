#include "catalog/experiments.hpp"

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "catalog/experiment_row.hpp"
#include "catalog/labels.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"

namespace stoker::catalog {
namespace {

Result<std::optional<Experiment>> look_up(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  return connection.read_one("find_experiment_by_name", {workspace, name}, read_experiment);
}

Error no_experiment(const ExperimentId& id) {
  return {ErrorCode::kNotFound, fmt::format("there is no experiment with the id \"{}\"", to_valid_utf8(id.text()))};
}

struct Place {
  std::int64_t workspace_pk;
  std::int64_t number;
};

}  // namespace

Experiment read_experiment(const db::Row& row) {
  Experiment experiment;
  experiment.id = ExperimentId(row.text("id"));
  experiment.number = row.integer("number");
  experiment.workspace = WorkspaceId(row.text("workspace_id"));
  experiment.name = row.text("name");
  experiment.created_at = row.time("created_at");
  experiment.archived_at = row.optional_time("archived_at");
  experiment.updated_at = row.optional_time("updated_at").value_or(experiment.created_at);
  experiment.artifact_location = row.text("artifact_location");
  experiment.description = row.text("description");
  experiment.tags = labels_from_text(row.borrowed_text("tags"));
  experiment.run_count = row.integer("run_count");
  return experiment;
}

json::object to_json(const Experiment& experiment) {
  json::object body;
  body["id"] = experiment.id.text();
  body["number"] = experiment.number;
  body["workspace_id"] = experiment.workspace.text();
  body["name"] = experiment.name;
  body["created_at"] = format_time(experiment.created_at);
  body["archived_at"] = json_or_null(experiment.archived_at);
  body["description"] = experiment.description;
  body["tags"] = stoker::to_json(experiment.tags);
  body["run_count"] = experiment.run_count;
  return body;
}

Result<Experiment> find_experiment(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  TRY(auto found, look_up(connection, workspace, name));
  if (found) return std::move(*found);
  CHECK_OK(find_workspace(connection, workspace));
  TRY(const auto names, connection.read_all("list_experiments", {workspace, 1}, [](const db::Row& row) { return row.text("name"); }));
  auto hint = did_you_mean(name, names);
  if (hint.empty()) hint = "`stoker experiment list` shows them; an experiment is made by its first run";
  return Error(ErrorCode::kNotFound, fmt::format("there is no experiment \"{}\"", to_valid_utf8(name))).hint(std::move(hint));
}

Result<Experiment> find_experiment(db::Connection& connection, const ExperimentId& id) {
  TRY(auto found, connection.read_one("find_experiment", {id}, read_experiment));
  if (!found) return no_experiment(id);
  return std::move(*found);
}

Result<std::vector<Experiment>> list_experiments(db::Connection& connection, const WorkspaceId& workspace, bool with_archived) {
  return connection.read_all("list_experiments", {workspace, with_archived}, read_experiment);
}

Result<Experiment> get_or_create_experiment(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, Time now,
                                            Random& random) {
  auto& connection = transaction.connection();
  TRY(auto found, look_up(connection, workspace, name));
  if (found) return std::move(*found);
  CHECK_OK(check_experiment_name(name));
  TRY(const auto place, connection.read_one("count_experiment", {workspace},
                                            [](const db::Row& row) { return Place{row.integer("pk"), row.integer("experiment_count")}; }));
  if (!place) return find_workspace(connection, workspace).error();
  const auto id = new_guid(random);
  CHECK_OK(connection.execute("insert_experiment", {id, place->workspace_pk, place->number, name, now}));
  return find_experiment(connection, workspace, name);
}

Status update_experiment(db::Transaction& transaction, const Experiment& experiment) {
  const auto tags = labels_to_text(experiment.tags);
  TRY(const auto changed,
      transaction.connection().execute("update_experiment", {experiment.id, experiment.archived_at, experiment.description, tags}));
  if (changed == 0) return no_experiment(experiment.id);
  return ok();
}

Status remove_experiment(db::Transaction& transaction, const ExperimentId& id) {
  auto& connection = transaction.connection();
  TRY(const auto run, connection.read_one("find_run_of_experiment", {id}, [](const db::Row& row) { return row.text("id"); }));
  if (run)
    return Error(ErrorCode::kConflict, fmt::format("the experiment has runs, {} among them", *run))
        .hint("archive the experiment, or delete its runs first");
  CHECK_OK(connection.execute("remove_experiment", {id}));
  return ok();
}

}  // namespace stoker::catalog
