#pragma once
// What a user asks for: what to run, in what, where. Immutable once the run exists.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/data.hpp"
#include "domain/ids.hpp"

namespace stoker {

/// (subscription, resource group, name) of Azure ML; the default workspace of a server is ("stoker", "stoker", "default").
struct WorkspaceName {
  std::string subscription_id = "stoker";
  std::string resource_group = "stoker";
  std::string name = "default";
  friend bool operator==(const WorkspaceName&, const WorkspaceName&) = default;
};

struct EnvironmentSpec {
  std::string kind = "user-managed";
  /// JSON object of the kind's own settings, checked by the kind; user-managed: {"interpreter": "/usr/bin/python3" | "python"}.
  json::object settings;
  std::map<std::string, std::string> variables;
};

struct Resources {
  int cpus = 1;  // slots of the target, at least 1
  int gpus = 0;
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// Who runs the program. An interactive run has none of ours: a notebook, or a child run inside a script, says itself how it goes.
enum class RunKind : std::uint8_t { kScript, kInteractive };
std::string_view to_text(RunKind kind);  // "script" "interactive"
std::optional<RunKind> run_kind_from_text(std::string_view text);

struct RunSpec {
  RunKind kind = RunKind::kScript;
  WorkspaceName workspace;
  std::string experiment = "default";
  std::optional<std::string> display_name;
  std::optional<RunId> parent;
  /// nullopt: an empty working directory.
  std::optional<SnapshotId> snapshot;
  /// Exactly one of the three (an interactive run has none): a script run by the environment's interpreter with `arguments`; an argument vector; a
  /// shell line.
  std::optional<std::string> script;
  std::vector<std::string> arguments;
  std::vector<std::string> argv;
  std::optional<std::string> command;
  EnvironmentSpec environment;
  /// What the client's shell would give (PATH, virtual environment, locale …): the weakest layer of the run's variables.
  std::map<std::string, std::string> inherited;
  std::map<std::string, std::string> environment_variables;
  std::string target = "local";
  Resources resources;
  std::optional<std::int64_t> max_run_duration_seconds;  // nullopt: no limit
  std::int64_t grace_seconds = 10;                       // from SIGTERM to SIGKILL
  std::map<std::string, std::optional<std::string>> tags;
  std::map<std::string, std::string> properties;  // git state comes here
  std::string submitted_by;                       // user@host as the client says
  std::string source_directory;                   // on the client, for people only
  std::vector<DataBinding> data;                  // what it reads and writes beside its source
};

/// All mistakes at once, paths under `path`. Bounds: 10,000 arguments, 1 MiB of text in all arguments and variables.
RunSpec read_run_spec(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes);
Result<RunSpec> parse_run_spec(const json::value& value);
/// Every field present, null for nothing. `parse_run_spec(to_json(spec))` is `spec`.
json::object to_json(const RunSpec& spec);

}  // namespace stoker
