#include "domain/run_spec.hpp"

#include <fmt/format.h>

#include "domain/names.hpp"

namespace stoker {
namespace {

constexpr std::size_t kMaxArguments = 10'000;
constexpr std::size_t kMaxText = 1U << 20;

WorkspaceName read_workspace(const json::value* value, const std::string& path, std::vector<Mistake>& mistakes) {
  WorkspaceName workspace;
  if (value == nullptr) return workspace;
  FieldReader fields(*value, path, mistakes);
  workspace.subscription_id = fields.text("subscription_id", workspace.subscription_id);
  workspace.resource_group = fields.text("resource_group", workspace.resource_group);
  workspace.name = fields.text("name", workspace.name);
  if (const auto good = check_workspace_name(workspace.name); !good) fields.mistake("name", good.error().message() + ": " + good.error().hint_text());
  return workspace;
}

EnvironmentSpec read_environment(const json::value* value, const std::string& path, std::vector<Mistake>& mistakes) {
  EnvironmentSpec environment;
  if (value == nullptr) return environment;
  FieldReader fields(*value, path, mistakes);
  environment.kind = fields.text("kind", environment.kind);
  environment.variables = fields.text_map("variables");
  if (const auto* settings = fields.child("settings"); settings != nullptr) {
    if (settings->is_object()) environment.settings = settings->get_object();
    else fields.mistake("settings", "must be an object");
  }
  return environment;
}

void check_program(const RunSpec& spec, FieldReader& fields) {
  if (spec.kind == RunKind::kInteractive) return;
  const int given = (spec.script ? 1 : 0) + (spec.argv.empty() ? 0 : 1) + (spec.command ? 1 : 0);
  if (given != 1) fields.mistake("script", fmt::format("give exactly one of script, argv and command, not {}", given == 0 ? "none" : "several"));
  if (!spec.script && !spec.arguments.empty()) fields.mistake("arguments", "belong to a script; put them into argv or command");
  if (spec.script && (spec.script->empty() || spec.script->front() == '/')) fields.mistake("script", "must be a path inside the source folder");
  if (spec.command && spec.command->empty()) fields.mistake("command", "is empty");
}

void check_variables(const std::map<std::string, std::string>& variables, std::string_view name, FieldReader& fields) {
  for (const auto& [key, value] : variables) {
    if (key.empty() || key.find('=') != std::string::npos || key.find('\0') != std::string::npos || value.find('\0') != std::string::npos)
      fields.mistake(name, fmt::format("\"{}\" is not a variable: no '=' in the name, no NUL anywhere", to_valid_utf8(key)));
  }
}

void check_amount(const RunSpec& spec, FieldReader& fields) {
  std::size_t bytes = 0;
  for (const auto* list : {&spec.arguments, &spec.argv}) {
    if (list->size() > kMaxArguments) fields.mistake("arguments", fmt::format("at most {} are allowed", kMaxArguments));
    for (const auto& argument : *list) {
      bytes += argument.size();
      if (argument.find('\0') != std::string::npos) fields.mistake("arguments", "an argument holds a NUL");
    }
  }
  for (const auto* map : {&spec.inherited, &spec.environment_variables, &spec.environment.variables}) {
    for (const auto& [key, value] : *map) bytes += key.size() + value.size();
  }
  if (bytes > kMaxText) fields.mistake("arguments", "arguments and variables together are larger than 1 MiB");
}

void read_data(RunSpec& spec, FieldReader& fields, std::vector<Mistake>& mistakes) {
  const auto* list = fields.child("data");
  if (list == nullptr) return;
  spec.data = read_data_bindings(*list, fields.path_of("data"), mistakes);
  auto taken = spec.environment.variables;
  taken.insert(spec.environment_variables.begin(), spec.environment_variables.end());
  check_data_clashes(spec.data, taken, fields.path_of("data"), mistakes);
  if (spec.kind == RunKind::kInteractive && !spec.data.empty())
    fields.mistake("data", "an interactive run has no data laid out; add_dataset tells what it read");
}

RunKind read_kind(FieldReader& fields) {
  const auto kind = run_kind_from_text(fields.text("kind", std::string(to_text(RunKind::kScript))));
  if (!kind) fields.mistake("kind", "must be script or interactive");
  return kind.value_or(RunKind::kScript);
}

}  // namespace

std::string_view to_text(RunKind kind) { return kind == RunKind::kScript ? "script" : "interactive"; }
std::optional<RunKind> run_kind_from_text(std::string_view text) {
  if (text == "script") return RunKind::kScript;
  if (text == "interactive") return RunKind::kInteractive;
  return std::nullopt;
}

RunSpec read_run_spec(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  RunSpec spec;
  FieldReader fields(value, path, mistakes);
  spec.kind = read_kind(fields);
  spec.workspace = read_workspace(fields.child("workspace"), fields.path_of("workspace"), mistakes);
  spec.experiment = fields.text("experiment", spec.experiment);
  if (const auto good = check_experiment_name(spec.experiment); !good)
    fields.mistake("experiment", good.error().message() + ": " + good.error().hint_text());
  spec.display_name = fields.optional_text("display_name");
  if (spec.display_name && spec.display_name->size() > 256) fields.mistake("display_name", "has more than 256 characters");
  if (auto parent = fields.optional_text("parent")) spec.parent = RunId(std::move(*parent));
  if (auto snapshot = fields.optional_text("snapshot")) {
    spec.snapshot = SnapshotId(std::move(*snapshot));
    if (spec.snapshot->text().size() != 64) fields.mistake("snapshot", "must be 64 hexadecimal digits");
  }
  spec.script = fields.optional_text("script");
  spec.arguments = fields.texts("arguments");
  spec.argv = fields.texts("argv");
  spec.command = fields.optional_text("command");
  spec.environment = read_environment(fields.child("environment"), fields.path_of("environment"), mistakes);
  spec.inherited = fields.text_map("inherited");
  spec.environment_variables = fields.text_map("environment_variables");
  spec.target = fields.text("target", spec.target);
  if (const auto* resources = fields.child("resources"); resources != nullptr) {
    FieldReader inner(*resources, fields.path_of("resources"), mistakes);
    spec.resources.cpus = static_cast<int>(inner.integer("cpus", 1, 1'000'000, 1));
    spec.resources.gpus = static_cast<int>(inner.integer("gpus", 0, 1'000'000, 0));
  }
  if (const auto seconds = fields.integer("max_run_duration_seconds", 0, 1'000'000'000, 0); seconds > 0) spec.max_run_duration_seconds = seconds;
  spec.grace_seconds = fields.integer("grace_seconds", 0, 86'400, spec.grace_seconds);
  spec.tags = fields.optional_text_map("tags");
  spec.properties = fields.text_map("properties");
  for (const auto& [key, tag] : spec.tags)
    if (const auto good = check_tag(key, tag.value_or("")); !good) fields.mistake("tags", good.error().message());
  for (const auto& [key, property] : spec.properties)
    if (const auto good = check_tag(key, property); !good) fields.mistake("properties", good.error().message());
  spec.submitted_by = fields.text("submitted_by", "");
  spec.source_directory = fields.text("source_directory", "");
  read_data(spec, fields, mistakes);
  check_program(spec, fields);
  check_variables(spec.environment_variables, "environment_variables", fields);
  check_variables(spec.inherited, "inherited", fields);
  check_variables(spec.environment.variables, "environment.variables", fields);
  check_amount(spec, fields);
  return spec;
}

Result<RunSpec> parse_run_spec(const json::value& value) {
  std::vector<Mistake> mistakes;
  auto spec = read_run_spec(value, "", mistakes);
  CHECK_OK(mistakes_to_status("the run's specification is wrong", std::move(mistakes)));
  return spec;
}

json::object to_json(const RunSpec& spec) {
  json::object tags;
  for (const auto& [key, value] : spec.tags) tags[key] = json_or_null(value);
  json::object body;
  body["kind"] = to_text(spec.kind);
  body["workspace"] = {
      {"subscription_id", spec.workspace.subscription_id}, {"resource_group", spec.workspace.resource_group}, {"name", spec.workspace.name}};
  body["experiment"] = spec.experiment;
  body["display_name"] = json_or_null(spec.display_name);
  body["parent"] = spec.parent ? json::value(spec.parent->text()) : json::value(nullptr);
  body["snapshot"] = spec.snapshot ? json::value(spec.snapshot->text()) : json::value(nullptr);
  body["script"] = json_or_null(spec.script);
  body["arguments"] = json::value_from(spec.arguments);
  body["argv"] = json::value_from(spec.argv);
  body["command"] = json_or_null(spec.command);
  body["environment"] = {
      {"kind", spec.environment.kind}, {"settings", spec.environment.settings}, {"variables", to_json(spec.environment.variables)}};
  body["inherited"] = to_json(spec.inherited);
  body["environment_variables"] = to_json(spec.environment_variables);
  body["target"] = spec.target;
  body["resources"] = {{"cpus", spec.resources.cpus}, {"gpus", spec.resources.gpus}};
  body["max_run_duration_seconds"] = json_or_null(spec.max_run_duration_seconds);
  body["grace_seconds"] = spec.grace_seconds;
  body["tags"] = std::move(tags);
  body["properties"] = to_json(spec.properties);
  body["submitted_by"] = spec.submitted_by;
  body["source_directory"] = spec.source_directory;
  body["data"] = to_json(spec.data);
  return body;
}

}  // namespace stoker
