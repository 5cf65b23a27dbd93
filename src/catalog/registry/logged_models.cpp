#include "catalog/registry/logged_models.hpp"

#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "catalog/labels.hpp"

namespace stoker::catalog {
namespace {

LoggedModel read_model(const db::Row& row) {
  LoggedModel model;
  model.pk = row.integer("pk");
  model.id = row.text("id");
  model.experiment = row.integer("number");
  model.workspace = WorkspaceId(row.text("workspace_id"));
  model.name = row.text("name");
  model.model_type = row.text("model_type");
  model.source_run = RunId(row.text("source_run"));
  model.status = row.integer("status");
  model.status_message = row.text("status_message");
  model.created_at = row.time("created_at");
  model.updated_at = row.time("updated_at");
  model.deleted_at = row.optional_time("deleted_at");
  model.params = labels_from_text(row.borrowed_text("params"));
  model.tags = labels_from_text(row.borrowed_text("tags"));
  return model;
}

Trace read_trace(const db::Row& row) {
  Trace trace;
  trace.pk = row.integer("pk");
  trace.id = row.text("id");
  trace.experiment = row.integer("number");
  trace.time = row.integer("time");
  trace.duration = row.optional_integer("duration");
  trace.state = row.text("state");
  trace.client_id = row.text("client_id");
  auto previews = labels_from_text(row.borrowed_text("previews"));
  trace.request = std::move(previews["request"]);
  trace.response = std::move(previews["response"]);
  trace.metadata = labels_from_text(row.borrowed_text("metadata"));
  trace.tags = labels_from_text(row.borrowed_text("tags"));
  return trace;
}

Result<std::int64_t> experiment_pk(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number) {
  TRY(const auto pk, connection.read_one("find_experiment_of_number", {workspace, number}, [](const db::Row& row) { return row.integer("pk"); }));
  if (!pk) return Error(ErrorCode::kNotFound, fmt::format("No Experiment with id={} exists", number));
  return *pk;
}

Error no_logged_model(const std::string& id) {
  return {ErrorCode::kNotFound, fmt::format("Logged model with ID '{}' not found.", to_valid_utf8(id))};
}

Status add_metrics(db::Connection& connection, std::vector<LoggedModel>& models) {
  if (models.empty()) return ok();
  std::unordered_map<std::int64_t, LoggedModel*> by_pk;
  std::vector<std::int64_t> pks;
  for (auto& model : models) {
    by_pk[model.pk] = &model;
    pks.push_back(model.pk);
  }
  return connection.visit("metrics_of_logged_models", {fmt::format("[{}]", fmt::join(pks, ","))}, [&by_pk](const db::Row& row) {
    const auto owner = by_pk.find(row.integer("model_pk"));
    if (owner == by_pk.end()) return true;
    ModelMetric metric;
    metric.key = row.text("key");
    metric.time = row.integer("time");
    metric.step = row.integer("step");
    metric.run = RunId(row.text("run_id"));
    metric.value = row.is_null("value") ? std::nan("") : row.real("value");
    metric.dataset_name = row.text("dataset_name");
    metric.dataset_digest = row.text("dataset_digest");
    owner->second->metrics.push_back(std::move(metric));
    return true;
  });
}

}  // namespace

Result<LoggedModel> create_logged_model(db::Transaction& transaction, const WorkspaceId& workspace, LoggedModel model, Time now, Random& random) {
  auto& connection = transaction.connection();
  TRY(const auto experiment, experiment_pk(connection, workspace, model.experiment));
  model.id = "m-" + random.hex(16);
  CHECK_OK(connection.execute("insert_logged_model", {model.id, experiment, model.name, model.model_type, model.source_run, now,
                                                      labels_to_text(model.params), labels_to_text(model.tags)}));
  return find_logged_model(connection, workspace, model.id);
}

Result<LoggedModel> find_logged_model(db::Connection& connection, const WorkspaceId& workspace, const std::string& id, bool with_deleted) {
  TRY(auto found, connection.read_one("find_logged_model", {id}, read_model));
  if (!found || found->workspace != workspace || (found->deleted_at && !with_deleted)) return no_logged_model(id);
  std::vector<LoggedModel> one{std::move(*found)};
  CHECK_OK(add_metrics(connection, one));
  return std::move(one.front());
}

Result<std::vector<LoggedModel>> list_logged_models(db::Connection& connection, const WorkspaceId& workspace,
                                                    const std::vector<std::int64_t>& experiments) {
  std::vector<LoggedModel> models;
  for (const auto number : experiments) {
    TRY(auto some, connection.read_all("list_logged_models", {workspace, number}, read_model));
    models.insert(models.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  CHECK_OK(add_metrics(connection, models));
  return models;
}

Status update_logged_model(db::Transaction& transaction, const LoggedModel& model, Time now) {
  CHECK_OK(transaction.connection().execute("update_logged_model", {model.pk, model.status, model.status_message, now, model.deleted_at,
                                                                    labels_to_text(model.params), labels_to_text(model.tags)}));
  return ok();
}

Status put_logged_model_metric(db::Transaction& transaction, const std::string& id, const ModelMetric& metric) {
  const auto value = std::isnan(metric.value) ? std::optional<double>() : std::optional(metric.value);
  CHECK_OK(transaction.connection().execute(
      "put_logged_model_metric", {id, metric.key, metric.time, metric.step, metric.run, value, metric.dataset_name, metric.dataset_digest}));
  return ok();
}

Status put_trace(db::Transaction& transaction, const WorkspaceId& workspace, const Trace& trace) {
  TRY(const auto experiment, experiment_pk(transaction, workspace, trace.experiment));
  const auto previews = labels_to_text({{"request", trace.request}, {"response", trace.response}});
  CHECK_OK(transaction.connection().execute("put_trace", {workspace, trace.id, experiment, trace.time, trace.duration, trace.state, trace.client_id,
                                                          previews, labels_to_text(trace.metadata), labels_to_text(trace.tags)}));
  return ok();
}

Result<Trace> find_trace(db::Connection& connection, const WorkspaceId& workspace, const std::string& id) {
  TRY(auto found, connection.read_one("find_trace", {workspace, id}, read_trace));
  if (!found) return Error(ErrorCode::kNotFound, fmt::format("Trace with ID '{}' not found.", to_valid_utf8(id)));
  return std::move(*found);
}

Result<std::vector<Trace>> list_traces(db::Connection& connection, const WorkspaceId& workspace, std::int64_t experiment, TraceBefore before,
                                       std::size_t limit) {
  return connection.read_all("list_traces", {workspace, experiment, before.time, before.pk, limit}, read_trace);
}

Status remove_trace(db::Transaction& transaction, const Trace& trace) {
  CHECK_OK(transaction.connection().execute("remove_trace", {trace.pk}));
  return ok();
}

}  // namespace stoker::catalog
