#include "mlflow/trace_records.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "mlflow/artifact_path.hpp"
#include "mlflow/experiments.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/registry.hpp"

namespace stoker::mlflow {
namespace {

Result<std::int64_t> read_experiment(const Fields& fields) {
  TRY(const auto text, fields.required_text("experiment_id"));
  return experiment_number(text);
}

Status keep(catalog::Labels& labels, std::string key, std::string value) {
  CHECK_OK(check_length("key", key, kLongestKey));
  labels[std::move(key)] = cut(std::move(value), kLongestRunTag);
  return ok();
}

/// A map of texts, as version 3 has it.
Result<catalog::Labels> read_map(const Fields& fields, std::string_view name) {
  catalog::Labels labels;
  const auto* value = fields.find(name);
  if (value == nullptr) return labels;
  if (!value->is_object()) return invalid(name, *value, "it must be an object");
  for (const auto& [key, item] : value->get_object()) {
    if (!item.is_string()) return invalid(fmt::format("{}.{}", name, std::string_view(key)), item, "it must be a text");
    CHECK_OK(keep(labels, std::string(key), std::string(item.get_string())));
  }
  return labels;
}

/// "1.500s" as milliseconds.
Result<std::optional<std::int64_t>> read_duration(const Fields& fields) {
  TRY(auto text, fields.text("execution_duration"));
  if (!text || text->empty()) return std::optional<std::int64_t>();
  if (text->ends_with('s')) text->pop_back();
  double seconds = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() || !std::isfinite(seconds))
    return invalid("execution_duration", json::value(*text), "it must be seconds with an s, as 1.5s");
  return std::optional(static_cast<std::int64_t>(std::llround(seconds * 1000)));
}

std::string time_text(std::int64_t time) {
  auto text = format_time(from_micros(time * 1000));
  return text.substr(0, text.size() - 4) + "Z";  // milliseconds, of six digits
}

json::object label_map(const catalog::Labels& labels) { return to_json(labels); }

}  // namespace

std::string trace_artifacts(const catalog::Trace& trace) { return fmt::format("{}/traces/{}/artifacts", trace.experiment, trace.id); }

Result<catalog::Trace> read_trace(const Fields& info) {
  catalog::Trace trace;
  TRY(trace.id, info.required_text("trace_id"));
  if (trace.id.find_first_of("/\\%#") != std::string::npos || trace.id == "." || trace.id == "..")
    return invalid("trace_id", json::value(trace.id), "it must be a name without slashes");
  TRY(const auto location, info.child("trace_location"));
  if (!location) return missing("trace_location");
  TRY(const auto experiment, location->child("mlflow_experiment"));
  if (!experiment) return missing("trace_location.mlflow_experiment");
  TRY(trace.experiment, read_experiment(*experiment));
  TRY(trace.client_id, info.text_or("client_request_id", ""));
  TRY(trace.request, info.text_or("request_preview", ""));
  TRY(trace.response, info.text_or("response_preview", ""));
  TRY(const auto time_given, info.required_text("request_time"));
  const auto time = parse_time(time_given);
  if (!time) return invalid("request_time", json::value(time_given), "it must be a time as 2026-01-02T03:04:05.678Z");
  trace.time = millis(*time);
  TRY(trace.duration, read_duration(info));
  TRY(trace.state, info.text_or("state", "STATE_UNSPECIFIED"));
  TRY(trace.metadata, read_map(info, "trace_metadata"));
  TRY(trace.tags, read_map(info, "tags"));
  trace.tags["mlflow.artifactLocation"] = artifact_uri(trace_artifacts(trace));
  trace.metadata["mlflow.trace.infoFinalized"] = "true";
  return trace;
}

json::object trace_record(const catalog::Trace& trace) {
  json::object info;
  info["trace_id"] = trace.id;
  if (!trace.client_id.empty()) info["client_request_id"] = trace.client_id;
  info["trace_location"] = {{"type", "MLFLOW_EXPERIMENT"}, {"mlflow_experiment", {{"experiment_id", std::to_string(trace.experiment)}}}};
  if (!trace.request.empty()) info["request_preview"] = trace.request;
  if (!trace.response.empty()) info["response_preview"] = trace.response;
  info["request_time"] = time_text(trace.time);
  if (trace.duration) info["execution_duration"] = fmt::format("{:.3f}s", static_cast<double>(*trace.duration) / 1000);
  info["state"] = trace.state;
  if (!trace.metadata.empty()) info["trace_metadata"] = label_map(trace.metadata);
  if (!trace.tags.empty()) info["tags"] = label_map(trace.tags);
  return info;
}

Result<catalog::Labels> read_trace_labels(const Fields& fields, std::string_view name) {
  catalog::Labels labels;
  TRY(const auto pairs, fields.pairs(name));
  for (const auto& [key, value] : pairs) CHECK_OK(keep(labels, key, value));
  return labels;
}

Result<catalog::Trace> read_old_trace(const Fields& fields) {
  catalog::Trace trace;
  TRY(trace.experiment, read_experiment(fields));
  TRY(trace.time, fields.required_integer("timestamp_ms"));
  TRY(trace.duration, fields.integer("execution_time_ms"));
  TRY(trace.state, fields.text_or("status", "IN_PROGRESS"));
  TRY(trace.metadata, read_trace_labels(fields, "request_metadata"));
  TRY(trace.tags, read_trace_labels(fields, "tags"));
  return trace;
}

json::object old_trace_record(const catalog::Trace& trace) {
  json::object info;
  info["request_id"] = trace.id;
  info["experiment_id"] = std::to_string(trace.experiment);
  info["timestamp_ms"] = trace.time;
  if (trace.duration) info["execution_time_ms"] = *trace.duration;
  info["status"] = trace.state;
  if (!trace.metadata.empty()) info["request_metadata"] = tag_list(trace.metadata);
  if (!trace.tags.empty()) info["tags"] = tag_list(trace.tags);
  return info;
}

}  // namespace stoker::mlflow
