#include "mlflow/registry.hpp"

namespace stoker::mlflow {

std::int64_t millis(Time time) { return to_micros(time) / 1000; }

json::array tag_list(const catalog::Labels& tags, std::string_view key, std::string_view value) {
  json::array list;
  for (const auto& [name, text] : tags) list.push_back({{key, name}, {value, text}});
  return list;
}

json::object model_version_record(const catalog::ModelVersion& version) {
  json::object body;
  body["name"] = version.model;
  body["version"] = std::to_string(version.version);
  body["creation_timestamp"] = millis(version.created_at);
  body["last_updated_timestamp"] = millis(version.updated_at);
  body["current_stage"] = version.stage;
  body["description"] = version.description;
  body["source"] = version.source;
  body["run_id"] = version.run.text();
  body["status"] = "READY";
  body["run_link"] = version.run_link;
  if (!version.tags.empty()) body["tags"] = tag_list(version.tags);
  if (!version.aliases.empty()) body["aliases"] = json::array(version.aliases.begin(), version.aliases.end());
  if (!version.logged_model.empty()) body["model_id"] = version.logged_model;
  return body;
}

json::object registered_model_record(const catalog::RegisteredModel& model) {
  json::object body;
  body["name"] = model.name;
  body["creation_timestamp"] = millis(model.created_at);
  body["last_updated_timestamp"] = millis(model.updated_at);
  if (!model.description.empty()) body["description"] = model.description;
  json::array latest;
  for (const auto& version : model.latest) latest.push_back(model_version_record(version));
  if (!latest.empty()) body["latest_versions"] = std::move(latest);
  if (!model.tags.empty()) body["tags"] = tag_list(model.tags);
  json::array aliases;
  for (const auto& [alias, version] : model.aliases) aliases.push_back({{"alias", alias}, {"version", std::to_string(version)}});
  if (!aliases.empty()) body["aliases"] = std::move(aliases);
  return body;
}

bool is_prompt(const catalog::Labels& tags) {
  const auto found = tags.find("mlflow.prompt.is_prompt");
  return found != tags.end() && (found->second == "true" || found->second == "True");
}

}  // namespace stoker::mlflow
