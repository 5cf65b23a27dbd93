#include "mlflow/batch.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "mlflow/limits.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kMostMetrics = 1000, kMostParams = 100, kMostTags = 100, kMostTogether = 1000;
/// Milliseconds that fit our microseconds.
constexpr std::int64_t kLatestTime = 9'000'000'000'000'000;

Status check_run_id(const std::string& id) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  bool good = !id.empty() && id.size() <= 256 && plain(id[0]);
  for (const char c : id) good = good && (plain(c) || c == '_' || c == '-');
  if (good) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("Invalid value {} for parameter 'run_id' supplied.", json::serialize(json::value(id))));
}

Error too_many(std::size_t most, std::string_view what, std::size_t given) {
  return {ErrorCode::kInvalidInput,
          fmt::format("A batch logging request can contain at most {} {}. Got {} {}. Please split up {} across multiple requests and try again.",
                      most, what, given, what, what)};
}

Status check_counts(const Batch& batch) {
  if (batch.metrics.size() > kMostMetrics) return too_many(kMostMetrics, "metrics", batch.metrics.size());
  if (batch.params.size() > kMostParams) return too_many(kMostParams, "params", batch.params.size());
  if (batch.tags.size() > kMostTags) return too_many(kMostTags, "tags", batch.tags.size());
  const auto all = batch.metrics.size() + batch.params.size() + batch.tags.size();
  if (all > kMostTogether) return too_many(kMostTogether, "metrics, params, and tags", all);
  return ok();
}

Status check_params_once(const catalog::KeyValues& params) {
  std::set<std::string_view> seen, twice;
  for (const auto& [key, value] : params)
    if (!seen.insert(key).second) twice.insert(key);
  if (twice.empty()) return ok();
  std::string names;
  for (const auto key : twice) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", key);
  return Error(
      ErrorCode::kInvalidInput,
      fmt::format("Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value per param key.",
                  names));
}

Status check_names(const std::vector<Fields>& metrics, const Batch& batch) {
  for (std::size_t i = 0; i < metrics.size(); ++i) CHECK_OK(check_metric(metrics[i], batch.metrics[i]));
  for (std::size_t i = 0; i < batch.params.size(); ++i) CHECK_OK(check_key(fmt::format("params[{}].key", i), "Param key", batch.params[i].first));
  for (std::size_t i = 0; i < batch.tags.size(); ++i) {
    const auto path = fmt::format("tags[{}].key", i);
    CHECK_OK(check_key(path, path, batch.tags[i].first));
  }
  return ok();
}

}  // namespace

Result<MetricPoint> read_metric(const Fields& fields) {
  MetricPoint point;
  point.is_identified = true;
  TRY(point.name, fields.required_text("key"));
  TRY(const double value, fields.required_number("value"));
  point.values.emplace_back(value);
  TRY(const auto timestamp, fields.required_integer("timestamp"));
  if (timestamp < 0 || timestamp > kLatestTime)
    return invalid(fields.path_of("timestamp"), json::value(timestamp), "Timestamp must be a nonnegative long (64-bit integer)");
  point.time = from_micros(timestamp * 1000);
  TRY(const auto step, fields.integer("step"));
  point.step = step.value_or(0);
  TRY(point.model_id, fields.text_or("model_id", ""));
  TRY(point.dataset_name, fields.text_or("dataset_name", ""));
  TRY(point.dataset_digest, fields.text_or("dataset_digest", ""));
  return point;
}

Status check_metric(const Fields& fields, const MetricPoint& point) { return check_key(fields.path_of("name"), "Metric name", point.name); }

Result<Batch> read_batch(const Fields& fields) {
  Batch batch;
  TRY(batch.run_id, fields.required_text("run_id"));
  TRY(const auto metrics, fields.list("metrics"));
  batch.metrics.reserve(metrics.size());
  for (const auto& metric : metrics) {
    TRY(auto point, read_metric(metric));
    batch.metrics.push_back(std::move(point));
  }
  TRY(batch.params, fields.pairs("params"));
  TRY(batch.tags, fields.pairs("tags"));
  CHECK_OK(check_run_id(batch.run_id));
  CHECK_OK(check_names(metrics, batch));
  for (auto& [key, value] : batch.params) value = cut(std::move(value), kLongestParam);
  for (auto& [key, value] : batch.tags) value = cut(std::move(value), kLongestRunTag);
  CHECK_OK(check_counts(batch));
  CHECK_OK(check_params_once(batch.params));
  return batch;
}

}  // namespace stoker::mlflow
