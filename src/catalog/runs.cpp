#include "catalog/runs.hpp"

#include <unordered_map>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "catalog/experiments.hpp"
#include "catalog/run_row.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::catalog {
namespace {

struct Place {
  std::int64_t experiment_pk = 0;
  std::int64_t workspace_pk = 0;
  ExperimentId experiment;
  std::int64_t number = 0;
};

/// nullopt: the workspace has no such experiment.
Result<std::optional<Place>> count_run(db::Connection& connection, const Run& run) {
  TRY(const auto counted, connection.execute("count_run", {run.workspace, run.experiment_name}));
  if (counted == 0) return std::optional<Place>();
  return connection.read_one("find_run_place", {run.workspace, run.experiment_name}, [](const db::Row& row) {
    Place place;
    place.experiment_pk = row.integer("pk");
    place.workspace_pk = row.integer("workspace_pk");
    place.experiment = ExperimentId(row.text("id"));
    place.number = row.integer("run_count");
    return place;
  });
}

/// One update for a known experiment; the rest only for its first run.
Result<Place> take_place(db::Transaction& transaction, const Run& run, Random& random) {
  TRY(auto place, count_run(transaction, run));
  if (!place) {
    CHECK_OK(get_or_create_experiment(transaction, run.workspace, run.experiment_name, run.created_at, random));
    TRY(place, count_run(transaction, run));
  }
  if (!place) return find_workspace(transaction, run.workspace).error();
  return std::move(*place);
}

Error no_run(db::Connection& connection, const RunId& id) {
  auto names = connection.read_all("newest_run_ids", {}, [](const db::Row& row) { return row.text("id"); });
  auto hint = names ? did_you_mean(id.text(), *names) : std::string();
  if (hint.empty()) hint = "`stoker run list` shows the runs";
  return Error(ErrorCode::kNotFound, fmt::format("there is no run \"{}\"", to_valid_utf8(id.text()))).hint(std::move(hint));
}

std::optional<std::string_view> reason_text(const std::optional<RunEnd>& end) {
  if (!end) return std::nullopt;
  return to_text(end->reason);
}

Result<std::optional<std::int64_t>> find_pk(db::Connection& connection, const RunId& id) {
  return connection.read_one("find_run_pk", {id}, [](const db::Row& row) { return row.integer("pk"); });
}

/// The parent's id for the statement; an error when there is no such run.
Result<std::optional<std::string>> check_parent(db::Connection& connection, const Run& run) {
  if (!run.spec.parent) return std::optional<std::string>();
  TRY(const auto pk, find_pk(connection, *run.spec.parent));
  if (!pk) return no_run(connection, *run.spec.parent).at("as parent of the new run");
  return std::optional<std::string>(run.spec.parent->text());
}

Status insert_labels(db::Connection& connection, const Run& run) {
  if (run.tags.empty() && run.properties.empty()) return ok();
  TRY(const auto pk, find_pk(connection, run.id));
  for (const auto& [key, value] : run.tags) CHECK_OK(connection.execute("set_tag_of", {*pk, key, value}));
  for (const auto& [key, value] : run.properties) CHECK_OK(connection.execute("add_property_of", {*pk, key, value}));
  return ok();
}

}  // namespace

Result<Run> insert_run(db::Transaction& transaction, Run run, Random& random) {
  auto& connection = transaction.connection();
  TRY(const auto parent, check_parent(connection, run));
  TRY(const auto place, take_place(transaction, run, random));
  run.experiment = place.experiment;
  run.number = place.number;
  const auto spec = json::serialize(to_json(run.spec));
  const auto& end = run.end;
  TRY(const auto inserted, connection.execute("insert_run", {place.workspace_pk,
                                                             place.experiment_pk,
                                                             run.number,
                                                             run.id,
                                                             parent,
                                                             run.display_name,
                                                             spec,
                                                             run.created_at,
                                                             to_text(run.state),
                                                             !is_terminal(run.state),
                                                             run.attempt,
                                                             json_text(run.handle),
                                                             gpus_text(run.gpu_indices),
                                                             run.cancel_requested,
                                                             run.cancel_by,
                                                             run.started_at,
                                                             run.ended_at,
                                                             reason_text(end),
                                                             end ? end->exit_code : std::nullopt,
                                                             end ? end->signal : std::nullopt,
                                                             end ? std::optional(end->message) : std::nullopt,
                                                             error_text(run.error),
                                                             phases_text(run.phases),
                                                             run.journal_acked,
                                                             to_text(run.spec.kind),
                                                             run.user}));
  if (inserted == 0) return Error(ErrorCode::kConflict, fmt::format("the run {} exists already", run.id.text()));
  CHECK_OK(insert_labels(connection, run));
  return run;
}

Result<std::optional<Run>> look_up_run(db::Connection& connection, const RunId& id) {
  TRY(auto found, read_runs(connection, "find_run", {id}));
  if (found.empty()) return std::optional<Run>();
  return std::optional<Run>(std::move(found.front().run));
}

Result<RunId> find_root(db::Connection& connection, const RunId& id) {
  constexpr int kMostAbove = 64;
  auto at = id;
  for (int step = 0; step < kMostAbove; ++step) {
    TRY(const auto run, find_run(connection, at));
    if (!run.spec.parent) break;
    at = *run.spec.parent;
  }
  return at;
}

Result<Run> find_run(db::Connection& connection, const RunId& id) {
  TRY(auto found, look_up_run(connection, id));
  if (!found) return no_run(connection, id);
  return std::move(*found);
}

Result<std::optional<RunMark>> look_up_run_mark(db::Connection& connection, const RunId& id) {
  return connection.read_one("find_run_mark", {id}, [](const db::Row& row) {
    RunMark mark;
    mark.workspace = WorkspaceId(row.text("workspace_id"));
    mark.kind = run_kind_from_text(row.borrowed_text("kind")).value_or(RunKind::kScript);
    mark.state = run_state_from_text(row.borrowed_text("state")).value_or(RunState::kNotStarted);
    mark.attempt = static_cast<int>(row.integer("attempt"));
    mark.cancel_requested = row.boolean("cancel_requested");
    mark.is_archived = !row.is_null("archived_at");
    mark.journal_acked = row.integer("journal_acked");
    return mark;
  });
}

Result<std::vector<Run>> read_runs_of(db::Connection& connection, const std::vector<std::int64_t>& pks) {
  std::vector<Run> runs;
  if (pks.empty()) return runs;
  TRY(auto stored, read_runs(connection, "runs_by_pks", {json::serialize(json::value_from(pks))}));
  std::unordered_map<std::int64_t, Run*> by_pk;
  for (auto& one : stored) by_pk.emplace(one.pk, &one.run);
  for (const auto pk : pks)
    if (const auto at = by_pk.find(pk); at != by_pk.end()) runs.push_back(std::move(*at->second));
  return runs;
}

Result<std::vector<Run>> live_runs(db::Connection& connection) {
  TRY(auto stored, read_runs(connection, "live_runs", {}));
  std::vector<Run> runs;
  runs.reserve(stored.size());
  for (auto& one : stored) runs.push_back(std::move(one.run));
  return runs;
}

Result<LiveCounts> count_live_runs(db::Connection& connection) {
  TRY(const auto counts, connection.read_one("count_live_runs", {}, [](const db::Row& row) {
    const auto waiting = row.integer("waiting");
    return LiveCounts{waiting, row.integer("live") - waiting};
  }));
  return counts.value_or(LiveCounts{});
}

Result<bool> update_run(db::Transaction& transaction, const Run& run, RunState expected_state, int expected_attempt) {
  const auto& end = run.end;
  TRY(const auto changed,
      transaction.connection().execute(
          "update_run", {run.id, to_text(expected_state), expected_attempt, to_text(run.state), !is_terminal(run.state), run.attempt,
                         json_text(run.handle), gpus_text(run.gpu_indices), run.cancel_requested, run.cancel_by, run.started_at, run.ended_at,
                         reason_text(end), end ? end->exit_code : std::nullopt, end ? end->signal : std::nullopt,
                         end ? std::optional(end->message) : std::nullopt, error_text(run.error), phases_text(run.phases)}));
  return changed == 1;
}

Result<bool> set_journal_acked(db::Transaction& transaction, const RunId& id, int attempt, std::int64_t seq) {
  TRY(const auto changed, transaction.connection().execute("set_journal_acked", {id, attempt, seq}));
  return changed == 1;
}

Result<bool> set_phases(db::Transaction& transaction, const RunId& id, int attempt, const std::vector<Phase>& phases) {
  TRY(const auto changed, transaction.connection().execute("set_run_phases", {id, attempt, phases_text(phases)}));
  return changed == 1;
}

Result<bool> set_run_error(db::Transaction& transaction, const RunId& id, int attempt, const std::optional<RunError>& error) {
  TRY(const auto changed, transaction.connection().execute("set_run_error", {id, attempt, error_text(error)}));
  return changed == 1;
}

namespace {

/// For statements that name one run by its id.
Status change(db::Transaction& transaction, std::string_view statement, const RunId& id, db::Value value) {
  TRY(const auto changed, transaction.connection().execute(statement, {id, std::move(value)}));
  if (changed == 0) return no_run(transaction, id);
  return ok();
}

}  // namespace

Status set_archived(db::Transaction& transaction, const RunId& id, std::optional<Time> archived_at) {
  return change(transaction, "set_run_archived", id, archived_at);
}

Status set_description(db::Transaction& transaction, const RunId& id, const std::string& description) {
  return change(transaction, "set_run_description", id, description);
}

Status set_watched(db::Transaction& transaction, const RunId& id) {
  CHECK_OK(transaction.connection().execute("watch_run", {id}));
  return ok();
}

Result<RunId> next_child_id(db::Transaction& transaction, const RunId& parent) {
  for (;;) {
    TRY(const auto number,
        transaction.connection().read_one("count_child", {parent}, [](const db::Row& row) { return row.integer("children_made"); }));
    if (!number) return no_run(transaction, parent);
    RunId id(fmt::format("{}_{}", parent.text(), *number));
    TRY(const auto taken, find_pk(transaction, id));
    if (!taken) return id;
  }
}

Status set_display_name(db::Transaction& transaction, const RunId& id, const std::string& display_name) {
  return change(transaction, "set_display_name", id, display_name);
}

}  // namespace stoker::catalog
