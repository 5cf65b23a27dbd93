#include "mlflow/logged_models.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "catalog/runs.hpp"
#include "domain/names.hpp"
#include "mlflow/artifact_access.hpp"
#include "mlflow/artifact_path.hpp"
#include "mlflow/experiments.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/registry.hpp"

namespace stoker::mlflow {
namespace {

using catalog::LoggedModel;

constexpr std::array kStatuses = {std::string_view("LOGGED_MODEL_PENDING"), std::string_view("LOGGED_MODEL_READY"),
                                  std::string_view("LOGGED_MODEL_UPLOAD_FAILED")};

Error refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

json::object answer(const LoggedModel& model) { return {{"model", logged_model_record(model)}}; }

Result<catalog::Labels> labels(const Fields& fields, std::string_view name, std::size_t longest, bool once) {
  catalog::Labels all;
  TRY(const auto pairs, fields.pairs(name));
  for (const auto& [key, value] : pairs) {
    if (once && all.contains(key)) return refused(fmt::format("Duplicate parameter key '{}' in '{}'.", key, name));
    all[key] = cut(value, longest);
  }
  return all;
}

Status check_name(std::string_view name) {
  if (name.find_first_of("/:.%\"'") == std::string_view::npos) return ok();
  return refused(
      fmt::format("Invalid model name ('{}') provided. Model name must be a non-empty string and cannot contain the following characters: "
                  "('/', ':', '.', '%', '\"', \"'\")",
                  name));
}

io::Task<Result<LoggedModel>> named_model(Request& request, bool with_deleted = false) {
  auto read = [workspace = request.workspace, id = std::string(request.parameter("model")), with_deleted](db::Connection& connection) {
    return catalog::find_logged_model(connection, workspace, id, with_deleted);
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

/// A run's token changes models of the runs that it reaches.
io::Task<Status> check_write(Request& request, const LoggedModel& model) {
  if (request.call.caller.kind != api::Caller::Kind::kRun) co_return ok();
  co_return co_await api::check_run_reach(request.call, model.source_run, true);
}

template <class Change>
io::Task<Result<LoggedModel>> change_model(Request& request, Change change, bool with_deleted = false) {
  CO_TRY(const auto named, co_await named_model(request, with_deleted));
  CO_CHECK_OK(co_await check_write(request, named));
  const auto now = request.services().clock.now();
  auto write = [workspace = request.workspace, id = named.id, with_deleted, now,
                change = std::move(change)](db::Transaction& transaction) -> Result<LoggedModel> {
    TRY(auto model, catalog::find_logged_model(transaction, workspace, id, with_deleted));
    CHECK_OK(change(model, now));
    CHECK_OK(catalog::update_logged_model(transaction, model, now));
    return catalog::find_logged_model(transaction, workspace, id, true);
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

io::Task<Result<json::object>> create_model(Request& request) {
  const auto fields = request.fields();
  LoggedModel model;
  CO_TRY(const auto experiment, fields.required_text("experiment_id"));
  CO_TRY(model.experiment, experiment_number(experiment));
  CO_TRY(model.name, fields.text_or("name", ""));
  CO_CHECK_OK(check_name(model.name));
  if (model.name.empty()) model.name = new_display_name(request.services().random);
  CO_TRY(model.model_type, fields.text_or("model_type", ""));
  CO_TRY(const auto run, fields.text_or("source_run_id", ""));
  model.source_run = RunId(run);
  CO_TRY(model.params, labels(fields, "params", kLongestParam, true));
  CO_TRY(model.tags, labels(fields, "tags", kLongestRunTag, false));
  if (request.call.caller.kind == api::Caller::Kind::kRun && model.source_run.empty()) model.source_run = request.call.caller.run;
  CO_CHECK_OK(co_await check_write(request, model));
  auto write = [workspace = request.workspace, model, now = request.services().clock.now(), &random = request.services().random](
                   db::Transaction& transaction) { return catalog::create_logged_model(transaction, workspace, model, now, random); };
  CO_TRY(const auto made, co_await request.services().catalog.write(std::move(write)));
  co_return answer(made);
}

io::Task<Result<json::object>> get_model(Request& request) {
  CO_TRY(const auto with_deleted, request.fields().boolean("allow_deleted"));
  CO_TRY(const auto model, co_await named_model(request, with_deleted.value_or(false)));
  co_return answer(model);
}

/// 0 is UNSPECIFIED, which names nothing.
io::Task<Result<json::object>> finalize_model(Request& request) {
  CO_CHECK_OK(request.fields().required_text("model_id"));
  CO_TRY(const auto status, request.fields().choice("status", kStatuses));
  if (!status) co_return missing("status");
  CO_TRY(const auto model, co_await change_model(request, [status = *status](LoggedModel& model, Time) -> Status {
           model.status = static_cast<std::int64_t>(status) + 1;
           return ok();
         }));
  co_return answer(model);
}

io::Task<Result<json::object>> delete_model(Request& request) {
  CO_CHECK_OK(co_await change_model(
      request,
      [](LoggedModel& model, Time now) -> Status {
        if (!model.deleted_at) model.deleted_at = now;
        return ok();
      },
      true));
  co_return json::object();
}

io::Task<Result<json::object>> log_params(Request& request) {
  CO_TRY(const auto params, labels(request.fields(), "params", kLongestParam, true));
  CO_CHECK_OK(co_await change_model(request, [params](LoggedModel& model, Time) -> Status {
    for (const auto& [key, value] : params) {
      const auto [kept, is_new] = model.params.try_emplace(key, value);
      if (!is_new && kept->second != value)
        return refused(fmt::format("Changing param values is not allowed. Param with key='{}' was already logged with value='{}' for model ID='{}'.",
                                   key, kept->second, model.id));
    }
    return ok();
  }));
  co_return json::object();
}

io::Task<Result<json::object>> set_tags(Request& request) {
  CO_TRY(const auto tags, labels(request.fields(), "tags", kLongestRunTag, false));
  CO_CHECK_OK(co_await change_model(request, [tags](LoggedModel& model, Time) -> Status {
    for (const auto& [key, value] : tags) model.tags[key] = value;
    return ok();
  }));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  CO_CHECK_OK(co_await change_model(request, [key = std::string(request.parameter("key"))](LoggedModel& model, Time) -> Status {
    if (model.tags.erase(key) > 0) return ok();
    return Error(ErrorCode::kNotFound, fmt::format("No tag with key '{}' found for model with ID '{}'.", key, model.id));
  }));
  co_return json::object();
}

io::Task<Result<json::object>> list_files(Request& request) {
  CO_TRY(const auto path, request.fields().text_or("artifact_directory_path", ""));
  CO_TRY(const auto clean, check_artifact_path(path));
  CO_TRY(const auto model, co_await named_model(request));
  const auto uri = logged_model_uri(model);
  CO_TRY(auto place, co_await reach_artifact(request, *own_artifact_path(uri) + "/" + clean, Use::kRead));
  CO_TRY(auto files, co_await list_folder(request, std::move(place), clean.empty() ? "" : clean + "/"));
  json::object body{{"root_uri", uri}};
  if (!files.empty()) body["files"] = std::move(files);
  co_return body;
}

io::Task<Result<api::Reply>> get_file(Request& request) {
  CO_TRY(const auto path, request.fields().required_text("artifact_file_path"));
  CO_TRY(const auto clean, check_artifact_path(path));
  CO_TRY(const auto model, co_await named_model(request));
  CO_TRY(auto place, co_await reach_artifact(request, *own_artifact_path(logged_model_uri(model)) + "/" + clean, Use::kRead));
  co_return co_await send_artifact(request, std::move(place));
}

}  // namespace

io::Task<Status> put_model_points(Request& request, RunId run, const std::vector<MetricPoint>& points) {
  std::vector<std::pair<std::string, catalog::ModelMetric>> metrics;
  for (const auto& point : points) {
    if (point.model_id.empty()) continue;
    const auto* value = std::get_if<double>(&point.values.front());
    constexpr auto kMost = std::numeric_limits<double>::max();
    metrics.emplace_back(point.model_id,
                         catalog::ModelMetric{.key = point.name,
                                              .value = value == nullptr ? 0 : (std::isnan(*value) ? *value : std::clamp(*value, -kMost, kMost)),
                                              .time = millis(point.time),
                                              .step = point.step.value_or(0),
                                              .run = run,
                                              .dataset_name = point.dataset_name,
                                              .dataset_digest = point.dataset_digest});
  }
  if (metrics.empty()) co_return ok();
  auto write = [workspace = request.workspace, metrics = std::move(metrics)](db::Transaction& transaction) -> Status {
    for (const auto& [model, metric] : metrics) {
      CHECK_OK(catalog::find_logged_model(transaction, workspace, model));
      CHECK_OK(catalog::put_logged_model_metric(transaction, model, metric));
    }
    return ok();
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

std::string logged_model_uri(const LoggedModel& model) { return artifact_uri(fmt::format("{}/models/{}/artifacts", model.experiment, model.id)); }

json::object logged_model_record(const LoggedModel& model) {
  json::object info;
  info["model_id"] = model.id;
  info["experiment_id"] = std::to_string(model.experiment);
  info["name"] = model.name;
  info["creation_timestamp_ms"] = millis(model.created_at);
  info["last_updated_timestamp_ms"] = millis(model.updated_at);
  info["artifact_uri"] = logged_model_uri(model);
  info["status"] = kStatuses[static_cast<std::size_t>(model.status - 1) % kStatuses.size()];
  info["model_type"] = model.model_type;
  info["source_run_id"] = model.source_run.text();
  if (!model.status_message.empty()) info["status_message"] = model.status_message;
  if (!model.tags.empty()) info["tags"] = tag_list(model.tags);
  json::object data;
  if (!model.params.empty()) data["params"] = tag_list(model.params);
  json::array metrics;
  for (const auto& metric : model.metrics) {
    json::object point{{"key", metric.key}, {"timestamp", metric.time}, {"step", metric.step}, {"model_id", model.id}, {"run_id", metric.run.text()}};
    point["value"] = std::isnan(metric.value) ? json::value("NaN") : json::value(metric.value);
    if (!metric.dataset_name.empty()) point["dataset_name"] = metric.dataset_name;
    if (!metric.dataset_digest.empty()) point["dataset_digest"] = metric.dataset_digest;
    metrics.push_back(std::move(point));
  }
  if (!metrics.empty()) data["metrics"] = std::move(metrics);
  return {{"info", std::move(info)}, {"data", std::move(data)}};
}

void add_logged_model_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  table.emplace_back(Method::kPost, "mlflow/logged-models", kBoth2, kWriter, Body::kJson, &answer_json<&create_model>);
  table.emplace_back(Method::kGet, "mlflow/logged-models/{model}", kBoth2, kReader, Body::kNone, &answer_json<&get_model>);
  table.emplace_back(Method::kPatch, "mlflow/logged-models/{model}", kBoth2, kWriter, Body::kJson, &answer_json<&finalize_model>);
  table.emplace_back(Method::kDelete, "mlflow/logged-models/{model}", kBoth2, kWriter, Body::kNone, &answer_json<&delete_model>);
  table.emplace_back(Method::kPost, "mlflow/logged-models/{model}/params", kBoth2, kWriter, Body::kJson, &answer_json<&log_params>);
  table.emplace_back(Method::kPatch, "mlflow/logged-models/{model}/tags", kBoth2, kWriter, Body::kJson, &answer_json<&set_tags>);
  table.emplace_back(Method::kDelete, "mlflow/logged-models/{model}/tags/{key...}", kBoth2, kWriter, Body::kNone, &answer_json<&delete_tag>);
  table.emplace_back(Method::kGet, "mlflow/logged-models/{model}/artifacts/directories", kBoth2, kReader, Body::kNone, &answer_json<&list_files>);
  table.emplace_back(Method::kGet, "mlflow/logged-models/{model}/artifacts/files", Base::kAjax2, kReader, Body::kNone, &get_file);
}

}  // namespace stoker::mlflow
