#include "catalog/run_row.hpp"

#include <unordered_map>

#include <fmt/format.h>

namespace stoker::catalog {
namespace {

Result<json::value> read_json(const db::Row& row, std::string_view column) {
  boost::system::error_code failure;
  const auto text = row.borrowed_text(column);
  if (text.empty()) return json::value(nullptr);
  auto value = json::parse(text, failure);
  if (failure) return Error(ErrorCode::kSnapshotCorrupt, fmt::format("the catalog is damaged: {} of a run is not JSON", column));
  return value;
}

Error unknown(std::string_view what, std::string_view text) {
  return Error(ErrorCode::kSnapshotCorrupt, fmt::format("the catalog is damaged: \"{}\" is no {} of a run", text, what));
}

/// What was accepted once is read for ever, so mistakes by newer rules are let pass.
Result<RunSpec> read_spec(const db::Row& row) {
  TRY(const auto value, read_json(row, "spec"));
  std::vector<Mistake> ignored;
  return read_run_spec(value, "spec", ignored);
}

Result<std::optional<RunEnd>> read_end(const db::Row& row) {
  const auto text = row.optional_text("end_reason");
  if (!text) return std::optional<RunEnd>();
  const auto reason = end_reason_from_text(*text);
  if (!reason) return unknown("end", *text);
  RunEnd end;
  end.reason = *reason;
  end.exit_code = row.optional_integer("end_exit_code");
  end.signal = row.optional_integer("end_signal");
  end.message = row.text("end_message");
  return std::optional<RunEnd>(std::move(end));
}

std::string text_of(const json::value& object, std::string_view name) {
  const auto* text = object.as_object().if_contains(name);
  return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string();
}

Result<std::optional<RunError>> read_error(const db::Row& row) {
  TRY(const auto value, read_json(row, "error"));
  if (!value.is_object()) return std::optional<RunError>();
  RunError error;
  error.code = text_of(value, "code");
  error.message = text_of(value, "message");
  error.type = text_of(value, "type");
  error.trace = text_of(value, "trace");
  error.hint = text_of(value, "hint");
  return std::optional<RunError>(std::move(error));
}

Result<std::vector<Phase>> read_phases(const db::Row& row) {
  TRY(const auto value, read_json(row, "phases"));
  std::vector<Phase> phases;
  if (!value.is_array()) return phases;
  for (const auto& item : value.get_array()) {
    if (!item.is_array() || item.get_array().size() != 3) return unknown("phase", json::serialize(item));
    const auto& parts = item.get_array();
    if (!parts[0].is_string() || !parts[1].is_int64()) return unknown("phase", json::serialize(item));
    Phase phase{std::string(parts[0].get_string()), from_micros(parts[1].get_int64()), std::nullopt};
    if (parts[2].is_int64()) phase.ended_at = from_micros(parts[2].get_int64());
    phases.push_back(std::move(phase));
  }
  return phases;
}

Result<std::vector<int>> read_gpus(const db::Row& row) {
  TRY(const auto value, read_json(row, "gpu_indices"));
  std::vector<int> indices;
  if (!value.is_array()) return indices;
  for (const auto& item : value.get_array()) {
    if (item.is_int64()) indices.push_back(static_cast<int>(item.get_int64()));
  }
  return indices;
}

void read_plain(const db::Row& row, Run& run) {
  run.id = RunId(row.text("id"));
  run.number = row.integer("number");
  run.workspace = WorkspaceId(row.text("workspace_id"));
  run.experiment = ExperimentId(row.text("experiment_id"));
  run.experiment_name = row.text("experiment_name");
  run.display_name = row.text("display_name");
  run.description = row.text("description");
  run.user = row.text("user_name");
  run.created_at = row.time("created_at");
  run.archived_at = row.optional_time("archived_at");
  run.is_watched = row.boolean("is_watched");
  run.attempt = static_cast<int>(row.integer("attempt"));
  run.cancel_requested = row.boolean("cancel_requested");
  run.cancel_by = row.text("cancel_by");
  run.started_at = row.optional_time("started_at");
  run.ended_at = row.optional_time("ended_at");
  run.journal_acked = row.integer("journal_acked");
}

Status add_labels(db::Connection& connection, std::vector<StoredRun>& runs) {
  if (runs.empty()) return ok();
  std::unordered_map<std::int64_t, Run*> by_pk;
  json::array keys;
  for (auto& stored : runs) {
    by_pk[stored.pk] = &stored.run;
    keys.push_back(stored.pk);
  }
  const auto list = json::serialize(keys);
  CHECK_OK(connection.visit("tags_of_runs", {list}, [&](const db::Row& row) {
    by_pk.at(row.integer("run_pk"))->tags[row.text("key")] = row.optional_text("value");
    return true;
  }));
  return connection.visit("properties_of_runs", {list}, [&](const db::Row& row) {
    by_pk.at(row.integer("run_pk"))->properties[row.text("key")] = row.text("value");
    return true;
  });
}

}  // namespace

Result<StoredRun> read_run(const db::Row& row) {
  StoredRun stored;
  stored.pk = row.integer("pk");
  Run& run = stored.run;
  read_plain(row, run);
  const auto state = run_state_from_text(row.borrowed_text("state"));
  if (!state) return unknown("state", row.text("state"));
  run.state = *state;
  TRY(run.spec, read_spec(row));
  TRY(run.handle, read_json(row, "handle"));
  TRY(run.gpu_indices, read_gpus(row));
  TRY(run.end, read_end(row));
  TRY(run.error, read_error(row));
  TRY(run.phases, read_phases(row));
  return stored;
}

Result<std::vector<StoredRun>> read_runs(db::Connection& connection, std::string_view statement, db::Values values) {
  std::vector<StoredRun> runs;
  Status wrong;
  CHECK_OK(connection.visit(statement, values, [&](const db::Row& row) {
    auto stored = read_run(row);
    if (stored) runs.push_back(std::move(*stored));
    else wrong = std::move(stored).error().at(fmt::format("in the run {}", row.text("id")));
    return wrong.has_value();
  }));
  CHECK_OK(std::move(wrong));
  CHECK_OK(add_labels(connection, runs));
  return runs;
}

std::string phases_text(const std::vector<Phase>& phases) {
  json::array list;
  for (const auto& phase : phases) {
    json::value ended = phase.ended_at ? json::value(to_micros(*phase.ended_at)) : json::value(nullptr);
    list.push_back(json::array{phase.name, to_micros(phase.started_at), std::move(ended)});
  }
  return json::serialize(list);
}

std::optional<std::string> error_text(const std::optional<RunError>& error) {
  if (!error) return std::nullopt;
  const json::object object{
      {"code", error->code}, {"message", error->message}, {"type", error->type}, {"trace", error->trace}, {"hint", error->hint}};
  return json::serialize(object);
}

std::string gpus_text(const std::vector<int>& indices) { return json::serialize(json::value_from(indices)); }

std::optional<std::string> json_text(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return json::serialize(value);
}

}  // namespace stoker::catalog
