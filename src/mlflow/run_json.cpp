#include "mlflow/run_json.hpp"

#include <cmath>

#include "catalog/tracking/matcher.hpp"

namespace stoker::mlflow {
namespace {

std::int64_t millis(Time time) { return to_micros(time) / 1000; }

json::array tags_json(const catalog::TrackedRun& run) {
  auto tags = run.tags;
  tags["mlflow.runName"] = run.name;
  if (run.parent) tags.emplace("mlflow.parentRunId", run.parent->text());
  json::array list;
  list.reserve(tags.size());
  for (const auto& [key, value] : tags) list.push_back(json::object{{"key", key}, {"value", value}});
  return list;
}

json::object data_json(const catalog::TrackedRun& run) {
  json::object data;
  if (!run.metrics.empty()) {
    auto& list = data["metrics"].emplace_array();
    list.reserve(run.metrics.size());
    for (const auto& metric : run.metrics) list.push_back(metric_json(metric.key, metric.value, millis(metric.time), metric.step));
  }
  if (!run.params.empty()) data["params"] = pairs_json(run.params);
  data["tags"] = tags_json(run);
  return data;
}

json::object dataset_json(const catalog::InputDataset& input) {
  json::object dataset{{"name", input.name}, {"digest", input.digest}, {"source_type", input.source_type}, {"source", input.source}};
  if (input.schema) dataset["schema"] = *input.schema;
  if (input.profile) dataset["profile"] = *input.profile;
  json::object body;
  if (!input.tags.empty()) body["tags"] = pairs_json(input.tags);
  body["dataset"] = std::move(dataset);
  return body;
}

json::object inputs_json(const catalog::TrackedRun& run) {
  json::object inputs;
  if (!run.inputs.empty()) {
    auto& list = inputs["dataset_inputs"].emplace_array();
    for (const auto& input : run.inputs) list.push_back(dataset_json(input));
  }
  if (!run.model_inputs.empty()) {
    auto& list = inputs["model_inputs"].emplace_array();
    for (const auto& model : run.model_inputs) list.push_back(json::object{{"model_id", model}});
  }
  return inputs;
}

}  // namespace

json::value number_json(double value) {
  if (std::isnan(value)) return "NaN";
  return catalog::finite(value);
}

json::array pairs_json(const catalog::KeyValues& pairs) {
  json::array list;
  list.reserve(pairs.size());
  for (const auto& [key, value] : pairs) list.push_back(json::object{{"key", key}, {"value", value}});
  return list;
}

json::object metric_json(std::string_view key, double value, std::int64_t timestamp, std::int64_t step) {
  return {{"key", key}, {"value", number_json(value)}, {"timestamp", timestamp}, {"step", step}};
}

json::object run_info_json(const catalog::TrackedRun& run) {
  json::object info;
  info["run_uuid"] = run.id.text();
  info["experiment_id"] = std::to_string(run.experiment_number);
  info["run_name"] = run.name;
  info["user_id"] = run.user;
  info["status"] = catalog::mlflow_status(run.state);
  info["start_time"] = millis(run.started_at);
  if (run.ended_at && millis(*run.ended_at) != 0) info["end_time"] = millis(*run.ended_at);
  info["artifact_uri"] = catalog::artifact_uri(run.experiment_location, run.experiment_number, run.id.text());
  info["lifecycle_stage"] = run.is_archived ? "deleted" : "active";
  info["run_id"] = run.id.text();
  return info;
}

json::object run_json(const catalog::TrackedRun& run) {
  json::object body{{"info", run_info_json(run)}, {"data", data_json(run)}, {"inputs", inputs_json(run)}};
  auto& outputs = body["outputs"].emplace_object();
  if (!run.model_outputs.empty()) {
    auto& list = outputs["model_outputs"].emplace_array();
    for (const auto& model : run.model_outputs) list.push_back(json::object{{"model_id", model.model_id}, {"step", model.step}});
  }
  return body;
}

}  // namespace stoker::mlflow
