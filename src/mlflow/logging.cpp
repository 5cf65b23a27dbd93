// What a client logs of a run: metrics, params, tags, one by one or in batches. Every call may come twice.
#include <fmt/format.h>

#include "catalog/runs.hpp"
#include "mlflow/batch.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/logged_models.hpp"
#include "mlflow/run_access.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::string_view kRunName = "mlflow.runName";

Error changes_param(const catalog::ParamConflict& conflict, const std::string& run) {
  return {ErrorCode::kInvalidInput,
          fmt::format(
              "Changing param values is not allowed. Param with key='{}' was already logged with value='{}' for run ID='{}'. Attempted logging new "
              "value '{}'.",
              conflict.key, conflict.old_value, run, conflict.new_value)};
}

Error changes_params(const std::vector<catalog::ParamConflict>& conflicts, const std::string& run) {
  std::string list;
  for (const auto& one : conflicts)
    list += fmt::format("{}{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}", list.empty() ? "" : ", ", one.key, one.old_value, one.new_value);
  return {ErrorCode::kInvalidInput,
          fmt::format("Changing param values is not allowed. Params were already logged='[{}]' for run ID='{}'.", list, run)};
}

/// The run's name is a tag to MLflow, and a column to us.
Status put_tags(db::Transaction& transaction, const RunId& run, std::int64_t pk, const catalog::KeyValues& tags) {
  catalog::KeyValues others;
  for (const auto& [key, value] : tags) {
    if (key != kRunName) others.emplace_back(key, value);
    else if (!value.empty()) CHECK_OK(catalog::set_display_name(transaction, run, value));
  }
  return catalog::put_tags(transaction, pk, others);
}

io::Task<Result<json::object>> log_metric(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.run_id());
  CO_TRY(auto point, read_metric(fields));
  CO_CHECK_OK(check_metric(fields, point));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  std::vector<MetricPoint> points;
  points.push_back(std::move(point));
  CO_CHECK_OK(co_await put_model_points(request, run, points));
  CO_CHECK_OK(co_await request.services().runs.log_points(run, std::move(points)));
  co_return json::object();
}

io::Task<Result<json::object>> log_parameter(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.run_id());
  CO_TRY(const auto key, fields.required_text("key"));
  CO_TRY(auto value, fields.text_or("value", ""));
  CO_CHECK_OK(check_key("key", "Param key", key));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [id, key, value = cut(std::move(value), kLongestParam)](db::Transaction& transaction, std::int64_t pk) -> Status {
    TRY(const auto conflicts, catalog::add_params(transaction, pk, {{key, value}}));
    if (!conflicts.empty()) return changes_param(conflicts.front(), id);
    return ok();
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> set_tag(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.run_id());
  CO_TRY(const auto key, fields.required_text("key"));
  CO_TRY(auto value, fields.text_or("value", ""));
  CO_CHECK_OK(check_key("key", "key", key));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [run, key, value = cut(std::move(value), kLongestRunTag)](db::Transaction& transaction, std::int64_t pk) {
    return put_tags(transaction, run, pk, {{key, value}});
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.required_text("run_id"));
  CO_TRY(const auto key, fields.required_text("key"));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [id, key](db::Transaction& transaction, std::int64_t pk) -> Status {
    TRY(const bool removed, catalog::remove_tag(transaction, pk, key));
    if (!removed && key != kRunName) return Error(ErrorCode::kNotFound, fmt::format("No tag with name: {} in run with id {}", key, id));
    return ok();
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

/// Params and tags in one transaction, which refuses the whole batch where a param would change; then the metrics.
io::Task<Result<json::object>> log_batch(Request& request) {
  CO_TRY(auto batch, read_batch(request.fields()));
  const RunId run(batch.run_id);
  CO_CHECK_OK(co_await check_writable(request, run));
  if (!batch.params.empty() || !batch.tags.empty()) {
    auto write = [run, params = std::move(batch.params), tags = std::move(batch.tags)](db::Transaction& transaction, std::int64_t pk) -> Status {
      TRY(const auto conflicts, catalog::add_params(transaction, pk, params));
      if (!conflicts.empty()) return changes_params(conflicts, run.text());
      return put_tags(transaction, run, pk, tags);
    };
    CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  }
  CO_CHECK_OK(co_await put_model_points(request, run, batch.metrics));
  if (!batch.metrics.empty()) CO_CHECK_OK(co_await request.services().runs.log_points(run, std::move(batch.metrics)));
  co_return json::object();
}

}  // namespace

void add_logging_routes(std::vector<Route>& table) {
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  const auto add = [&](std::string_view path, Handler handler) {
    table.emplace_back(api::Method::kPost, path, kBoth2, kWriter, Body::kJson, handler);
  };
  add("mlflow/runs/log-metric", &answer_json<&log_metric>);
  add("mlflow/runs/log-parameter", &answer_json<&log_parameter>);
  add("mlflow/runs/set-tag", &answer_json<&set_tag>);
  add("mlflow/runs/delete-tag", &answer_json<&delete_tag>);
  add("mlflow/runs/log-batch", &answer_json<&log_batch>);
}

}  // namespace stoker::mlflow
