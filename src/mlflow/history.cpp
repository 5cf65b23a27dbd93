// All points of a metric: of one run by pages, of many at once, of many thinned out for a chart.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/page_token.hpp"
#include "mlflow/run_access.hpp"
#include "mlflow/run_json.hpp"
#include "mlflow/sampling.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kMostRuns = 100, kMostRows = 25'000;
constexpr std::int64_t kMostSampled = 2500;

Error refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

json::object point_json(const std::string& key, const metrics::HistoryPoint& point) {
  return metric_json(key, point.value, to_micros(point.time) / 1000, point.step);
}

/// The run is in the workspace, and the token reads it; what is not there is left out of every history.
io::Task<Result<bool>> is_there(Request& request, RunId run) {
  const auto readable = co_await check_readable(request, std::move(run));
  if (readable) co_return true;
  if (readable.error().code() == ErrorCode::kNotFound) co_return false;
  co_return readable.error();
}

io::Task<Result<std::vector<RunId>>> those_there(Request& request, const std::vector<std::string>& ids) {
  std::vector<RunId> runs;
  for (const auto& id : ids) {
    RunId run(id);
    CO_TRY(const bool there, co_await is_there(request, run));
    if (there) runs.push_back(std::move(run));
  }
  co_return runs;
}

io::Task<Result<json::object>> get_history(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.run_id());
  CO_TRY(const auto key, fields.required_text("metric_key"));
  CO_TRY(const auto asked, fields.integer("max_results"));
  CO_TRY(const auto token, fields.text_or("page_token", ""));
  CO_TRY(const auto offset, read_offset_token(token));
  const RunId run(id);
  json::object body;
  CO_TRY(const bool there, co_await is_there(request, run));
  if (!there) co_return body;
  const auto limit = asked && *asked > 0 ? static_cast<std::size_t>(*asked) : std::numeric_limits<std::size_t>::max() - 1;
  auto& store = request.services().metrics;
  auto read = [&store, run, key, offset, limit] { return store.history(run, key, offset, limit + 1); };
  CO_TRY(auto points, co_await io::blocking(request.services().pool, std::move(read)));
  if (points.size() > limit) {
    points.resize(limit);
    body["next_page_token"] = offset_token(offset + limit);
  }
  if (points.empty()) co_return body;
  auto& list = body["metrics"].emplace_array();
  list.reserve(points.size());
  for (const auto& point : points) list.push_back(point_json(key, point));
  co_return body;
}

Result<json::array> bulk_rows(metrics::MetricStore& store, std::vector<RunId> runs, const std::string& key, std::size_t limit) {
  std::ranges::sort(runs);
  json::array rows;
  for (const auto& run : runs) {
    if (rows.size() >= limit) break;
    TRY(const auto points, store.history(run, key, 0, limit - rows.size()));
    for (const auto& point : points) {
      auto row = point_json(key, point);
      row["run_id"] = run.text();
      if (std::isnan(point.value)) row["value"] = nullptr;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

io::Task<Result<json::object>> get_history_bulk(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto ids, fields.texts("run_id"));
  if (ids.empty()) co_return refused("GetMetricHistoryBulk request must specify at least one run_id.");
  if (ids.size() > kMostRuns)
    co_return refused(fmt::format("GetMetricHistoryBulk request cannot specify more than {} run_ids. Received {} run_ids.", kMostRuns, ids.size()));
  CO_TRY(const auto key, fields.text_or("metric_key", ""));
  if (key.empty()) co_return refused("GetMetricHistoryBulk request must specify a metric_key.");
  CO_TRY(const auto asked, fields.integer("max_results"));
  const auto limit = std::min(kMostRows, static_cast<std::size_t>(std::max<std::int64_t>(asked.value_or(kMostRows), 0)));
  CO_TRY(auto runs, co_await those_there(request, ids));
  auto& store = request.services().metrics;
  auto read = [&store, runs = std::move(runs), key, limit] { return bulk_rows(store, runs, key, limit); };
  CO_TRY(auto rows, co_await io::blocking(request.services().pool, std::move(read)));
  co_return json::object{{"metrics", std::move(rows)}};
}

struct Interval {
  std::vector<RunId> runs;
  std::string key;
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
  std::size_t most = 0;
};

Result<std::optional<std::pair<std::int64_t, std::int64_t>>> read_range(const Fields& fields) {
  using Range = std::optional<std::pair<std::int64_t, std::int64_t>>;
  TRY(const auto start, fields.integer("start_step"));
  TRY(const auto end, fields.integer("end_step"));
  if (start.has_value() != end.has_value()) return refused("If either start step or end step are specified, both must be specified.");
  if (!start) return Range();
  if (*start > *end) return refused(fmt::format("end_step must be greater than start_step. Found start_step={} and end_step={}.", *start, *end));
  return Range(std::pair(*start, *end));
}

Result<json::array> interval_rows(metrics::MetricStore& store, const Interval& interval) {
  std::vector<std::vector<std::int64_t>> steps;
  for (const auto& run : interval.runs) {
    TRY(auto some, store.steps(run, interval.key));
    steps.push_back(std::move(some));
  }
  const auto chosen = sampled_steps(steps, interval.range, interval.most);
  json::array rows;
  for (const auto& run : interval.runs) {
    TRY(const auto points, store.points_at(run, interval.key, chosen, kMostRows));
    for (const auto& point : points) {
      auto row = point_json(interval.key, point);
      row["run_id"] = run.text();
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

io::Task<Result<json::object>> get_history_bulk_interval(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto ids, fields.texts("run_ids"));
  if (ids.empty()) co_return missing("run_ids");
  if (ids.size() > kMostRuns)
    co_return refused(
        fmt::format("GetMetricHistoryBulkInterval request must specify at most {} run_ids. Received {} run_ids.", kMostRuns, ids.size()));
  Interval interval;
  CO_TRY(interval.key, fields.required_text("metric_key"));
  CO_TRY(const auto asked, fields.integer("max_results"));
  const auto most = asked.value_or(kMostSampled);
  if (most < 1 || most > kMostSampled) co_return refused(fmt::format("max_results must be between 1 and {}.", kMostSampled));
  interval.most = static_cast<std::size_t>(most);
  CO_TRY(interval.range, read_range(fields));
  CO_TRY(interval.runs, co_await those_there(request, ids));
  auto& store = request.services().metrics;
  auto read = [&store, interval = std::move(interval)] { return interval_rows(store, interval); };
  CO_TRY(auto rows, co_await io::blocking(request.services().pool, std::move(read)));
  json::object body;
  if (!rows.empty()) body["metrics"] = std::move(rows);
  co_return body;
}

}  // namespace

void add_history_routes(std::vector<Route>& table) {
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kGet = api::Method::kGet;
  table.emplace_back(kGet, "mlflow/metrics/get-history", kBoth2, kReader, Body::kNone, &answer_json<&get_history>);
  table.emplace_back(kGet, "mlflow/metrics/get-history-bulk", Base::kAjax2, kReader, Body::kNone, &answer_json<&get_history_bulk>);
  table.emplace_back(kGet, "mlflow/metrics/get-history-bulk-interval", kBoth2, kReader, Body::kNone, &answer_json<&get_history_bulk_interval>);
}

}  // namespace stoker::mlflow
