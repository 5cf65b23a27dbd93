#include "catalog/tracking/tracked_run.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/json.hpp"
#include "catalog/tracking/tracked_experiments.hpp"

namespace stoker::catalog {
namespace {

constexpr std::string_view kContext = "mlflow.data.context";

TrackedRun read_run_row(const db::Row& row) {
  TrackedRun run;
  run.pk = row.integer("pk");
  run.id = RunId(row.text("id"));
  run.kind = run_kind_from_text(row.borrowed_text("kind")).value_or(RunKind::kScript);
  run.state = run_state_from_text(row.borrowed_text("state")).value_or(RunState::kNotStarted);
  run.name = row.text("display_name");
  run.user = row.text("user_name");
  const auto made = row.time("created_at");
  run.started_at = row.optional_time("started_at").value_or(made);
  run.ended_at = row.optional_time("ended_at");
  run.is_archived = !row.is_null("archived_at");
  run.experiment_number = row.integer("number");
  run.experiment_location = row.text("artifact_location");
  if (auto parent = row.optional_text("parent_id")) run.parent = RunId(std::move(*parent));
  return run;
}

KeyValues pairs_from_text(std::string_view text) {
  KeyValues pairs;
  boost::system::error_code failure;
  const auto value = json::parse(text, failure);
  if (failure || !value.is_array()) return pairs;
  for (const auto& item : value.get_array()) {
    const auto& object = item.as_object();
    pairs.emplace_back(std::string(object.at("key").as_string()), std::string(object.at("value").as_string()));
  }
  return pairs;
}

std::string text_of(const KeyValues& pairs) {
  json::array list;
  for (const auto& [key, value] : pairs) list.push_back(json::object{{"key", key}, {"value", value}});
  return json::serialize(list);
}

std::optional<std::string> context_of(const KeyValues& tags) {
  const auto at = std::ranges::find(tags, kContext, &std::pair<std::string, std::string>::first);
  return at == tags.end() ? std::nullopt : std::optional(at->second);
}

LatestMetric read_metric(const db::Row& row) {
  LatestMetric metric;
  metric.key = row.text("key");
  metric.value = row.real("value");
  if (row.boolean("is_nan")) metric.value = std::numeric_limits<double>::quiet_NaN();
  metric.step = row.integer("step");
  metric.time = row.time("time");
  return metric;
}

InputDataset read_input(const db::Row& row) {
  InputDataset input;
  input.tags = pairs_from_text(row.borrowed_text("tags"));
  input.name = row.text("name");
  input.digest = row.text("digest");
  input.source_type = row.text("source_type");
  input.source = row.text("source");
  input.schema = row.optional_text("schema_text");
  input.profile = row.optional_text("profile");
  return input;
}

/// Rows of other tables, put to their runs.
class Filler {
 public:
  Filler(db::Connection& connection, const std::string& keys) : connection_(connection), keys_(keys) {}
  std::unordered_map<std::int64_t, TrackedRun>& runs() { return runs_; }

  Status fill() {
    CHECK_OK(each("tags_of_runs", [](TrackedRun& run, const db::Row& row) {
      auto key = row.text("key");
      run.tags[std::move(key)] = row.text("value");
    }));
    CHECK_OK(each("params_of_runs", [](TrackedRun& run, const db::Row& row) {
      auto key = row.text("key");
      run.params.emplace_back(std::move(key), row.text("value"));
    }));
    CHECK_OK(each("latest_metrics_of_runs", [](TrackedRun& run, const db::Row& row) { run.metrics.push_back(read_metric(row)); }));
    CHECK_OK(fill_inputs());
    return fill_models();
  }

 private:
  template <class Fn>
  Status each(std::string_view statement, Fn fn) {
    return connection_.visit(statement, {keys_}, [&](const db::Row& row) {
      fn(runs_.at(row.integer("run_pk")), row);
      return true;
    });
  }
  Status fill_inputs() {
    std::unordered_map<std::int64_t, std::map<std::int64_t, InputDataset>> found;
    CHECK_OK(each("inputs_of_runs", [&](TrackedRun& run, const db::Row& row) {
      const auto position = row.integer("position");
      found[run.pk].emplace(position, read_input(row));
    }));
    for (auto& [pk, inputs] : found)
      for (auto& [position, input] : inputs) runs_.at(pk).inputs.push_back(std::move(input));
    return ok();
  }
  Status fill_models() {
    struct Link {
      bool is_output;
      ModelOutput model;
    };
    std::unordered_map<std::int64_t, std::map<std::int64_t, Link>> found;
    CHECK_OK(each("models_of_runs", [&](TrackedRun& run, const db::Row& row) {
      Link link{.is_output = row.boolean("is_output"), .model = {.model_id = row.text("model_id")}};
      const auto position = row.integer("position");
      link.model.step = row.integer("step");
      found[run.pk].emplace(position, std::move(link));
    }));
    for (auto& [pk, links] : found) {
      auto& run = runs_.at(pk);
      for (auto& [position, link] : links) {
        if (link.is_output) run.model_outputs.push_back(std::move(link.model));
        else run.model_inputs.push_back(std::move(link.model.model_id));
      }
    }
    return ok();
  }

  db::Connection& connection_;
  const std::string& keys_;
  std::unordered_map<std::int64_t, TrackedRun> runs_;
};

}  // namespace

Result<std::optional<std::int64_t>> find_tracked(db::Connection& connection, const WorkspaceId& workspace, const RunId& run) {
  return connection.read_one("find_tracked_pk", {run, workspace}, [](const db::Row& row) { return row.integer("pk"); });
}

Result<std::vector<TrackedRun>> read_tracked(db::Connection& connection, std::span<const std::int64_t> pks) {
  std::vector<TrackedRun> found;
  if (pks.empty()) return found;
  const auto keys = json::serialize(json::array(pks.begin(), pks.end()));
  Filler filler(connection, keys);
  auto& runs = filler.runs();
  CHECK_OK(connection.visit("tracked_runs", {keys}, [&](const db::Row& row) {
    auto run = read_run_row(row);
    runs.emplace(run.pk, std::move(run));
    return true;
  }));
  CHECK_OK(filler.fill());
  found.reserve(pks.size());
  for (const auto pk : pks)
    if (auto at = runs.find(pk); at != runs.end()) found.push_back(std::move(at->second));
  return found;
}

Result<std::vector<ParamConflict>> add_params(db::Transaction& transaction, std::int64_t run_pk, const KeyValues& params) {
  std::vector<ParamConflict> conflicts;
  for (const auto& [key, value] : params) {
    TRY(const auto added, transaction.connection().execute("add_param", {run_pk, key, value}));
    if (added == 1) continue;
    TRY(const auto kept, transaction.connection().read_one("find_param", {run_pk, key}, [](const db::Row& row) { return row.text("value"); }));
    if (kept && *kept != value) conflicts.push_back({.key = key, .old_value = *kept, .new_value = value});
  }
  return conflicts;
}

Status put_tags(db::Transaction& transaction, std::int64_t run_pk, const KeyValues& tags) {
  for (const auto& [key, value] : tags) CHECK_OK(transaction.connection().execute("put_tag_of", {run_pk, key, value}));
  return ok();
}

Result<std::optional<std::string>> find_tag(db::Connection& connection, std::int64_t run_pk, const std::string& key) {
  return connection.read_one("find_tag_of", {run_pk, key}, [](const db::Row& row) { return row.text("value"); });
}

Result<bool> remove_tag(db::Transaction& transaction, std::int64_t run_pk, const std::string& key) {
  TRY(const auto removed, transaction.connection().execute("remove_tag_of", {run_pk, key}));
  return removed == 1;
}

Status add_inputs(db::Transaction& transaction, std::int64_t run_pk, const std::vector<InputDataset>& inputs) {
  auto& connection = transaction.connection();
  for (const auto& input : inputs) {
    CHECK_OK(
        connection.execute("add_input_dataset", {run_pk, input.name, input.digest, input.source_type, input.source, input.schema, input.profile}));
    CHECK_OK(connection.execute("add_run_input", {run_pk, input.name, input.digest, text_of(input.tags), context_of(input.tags)}));
  }
  return ok();
}

Status put_models(db::Transaction& transaction, std::int64_t run_pk, bool are_outputs, const std::vector<ModelOutput>& models) {
  for (const auto& model : models) CHECK_OK(transaction.connection().execute("put_run_model", {run_pk, are_outputs, model.model_id, model.step}));
  return ok();
}

Result<std::vector<DatasetSummary>> dataset_summaries(db::Connection& connection, const WorkspaceId& workspace,
                                                      std::span<const std::int64_t> experiment_numbers, std::size_t limit) {
  std::vector<DatasetSummary> found;
  for (const auto number : experiment_numbers) {
    TRY(const auto pk, find_experiment_pk(connection, workspace, number));
    if (!pk) continue;
    CHECK_OK(connection.visit("dataset_summaries", {*pk, limit - found.size()}, [&](const db::Row& row) {
      DatasetSummary summary{.experiment_number = number, .name = row.text("name"), .digest = {}, .context = {}};
      summary.digest = row.text("digest");
      summary.context = row.optional_text("context");
      found.push_back(std::move(summary));
      return found.size() < limit;
    }));
    if (found.size() >= limit) break;
  }
  return found;
}

}  // namespace stoker::catalog
