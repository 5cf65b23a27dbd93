#include "client/recreation.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "client/records.hpp"
#include "io/file.hpp"

namespace stoker::client {
namespace {

constexpr std::string_view kHidden = "***";

bool is_plain(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
}

/// For the shell, as it is.
std::string quoted(const std::string& word) {
  if (is_plain(word)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// For the shell, which replaces `$NAME` as the run did.
std::string quoted_expanding(const std::string& word) {
  if (word.find('$') == std::string::npos) return quoted(word);
  std::string text = "\"";
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char next = i + 1 < word.size() ? word[i + 1] : '\0';
    const bool is_name = word[i] == '$' && (next == '{' || next == '_' || std::isalpha(static_cast<unsigned char>(next)) != 0);
    if (word[i] == '"' || word[i] == '\\' || word[i] == '`' || (word[i] == '$' && !is_name)) text += '\\';
    text += word[i];
  }
  return text + "\"";
}

std::vector<std::string> words_of(const json::array& list) {
  std::vector<std::string> words;
  for (const auto& item : list) words.push_back(shown(item));
  return words;
}

std::string interpreter_of(const json::object& spec) {
  auto interpreter = text_of(object_of(object_of(spec, "environment"), "settings"), "interpreter");
  return interpreter.empty() ? "python3" : interpreter;
}

/// A notebook's run has no program of its own.
bool has_program(const json::object& spec) {
  return !text_of(spec, "script").empty() || !text_of(spec, "command").empty() || !array_of(spec, "argv").empty();
}

std::string program_of(const json::object& spec) {
  if (const auto command = text_of(spec, "command"); !command.empty()) return "exec /bin/sh -c " + quoted(command);
  std::string line = "exec";
  if (const auto script = text_of(spec, "script"); !script.empty()) {
    line += fmt::format(" \"${{PYTHON:-{}}}\" {}", interpreter_of(spec), quoted(script));
    for (const auto& word : words_of(array_of(spec, "arguments"))) line += " " + quoted_expanding(word);
    return line;
  }
  for (const auto& word : words_of(array_of(spec, "argv"))) line += " " + quoted(word);
  return line;
}

/// The environment's own variables under the run's.
std::map<std::string, std::string> variables_of(const json::object& spec) {
  std::map<std::string, std::string> variables;
  for (const auto* map : {&object_of(object_of(spec, "environment"), "variables"), &object_of(spec, "environment_variables")})
    for (const auto& [name, value] : *map) variables[std::string(name)] = shown(value);
  return variables;
}

bool is_variable_name(const std::string& name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string git_lines(const json::object& properties, bool has_diff) {
  const auto commit = text_of(properties, "azureml.git.commit");
  if (commit.empty()) return "It was submitted from no git repository.\n";
  auto text = fmt::format("Git: commit {}", commit);
  if (const auto branch = text_of(properties, "azureml.git.branch"); !branch.empty()) text += " of branch " + branch;
  if (const auto url = text_of(properties, "azureml.git.repository_uri"); !url.empty()) text += " of " + url;
  text += ".\n";
  if (has_diff) return text + "`changes.diff` is what was not committed: `git apply changes.diff` on that commit gives the run's code.\n";
  if (text_of(properties, "azureml.git.diff") == "too large")
    return text + "It had uncommitted changes, too large to be kept apart; `source/` has them.\n";
  return text;
}

std::string readme_of(const json::object& run, const std::string& source, bool has_diff, bool has_environment) {
  const auto id = run_id(run).text();
  auto text = fmt::format("# Run {}\n\n{}, submitted {}", id, text_of(run, "experiment"), text_of(run, "created_at"));
  if (const auto by = text_of(object_of(run, "spec"), "submitted_by"); !by.empty()) text += " by " + by;
  text += fmt::format(". It ended so: {}.\n\n", ending(run));
  text += "`source/` is the code as the run had it, `run.json` its whole record.\n" + git_lines(object_of(run, "properties"), has_diff);
  if (has_environment)
    text +=
        "`environment.json` is the environment as it was, `requirements.txt` its Python packages:\n\n"
        "    python3 -m venv venv && venv/bin/pip install -r requirements.txt\n";
  if (!has_program(object_of(run, "spec")))
    return text + "\nIt had no program of its own: it was begun and ended from a notebook or a program elsewhere.\n";
  std::string submit = "stoker";
  for (const auto& word : submit_words(run, source)) submit += " " + quoted(word);
  return text + fmt::format("\nRun it here, without stoker:\n\n    ./run.sh\n\nSubmit it again:\n\n    {}\n", submit);
}

Status check_directory(const std::string& directory) {
  if (!io::exists(directory)) return ok();
  TRY(const auto names, io::list_directory(directory));
  if (names.empty()) return ok();
  return Error(ErrorCode::kConflict, fmt::format("{} is there and not empty", directory)).hint("name a folder that is not there yet");
}

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  Status write(const std::string& name, std::string_view text, unsigned mode = 0644) {
    files_.push_back(name);
    return io::write_file_atomically(path_ + "/" + name, text, mode);
  }
  Recreation told() && { return {std::move(path_), std::move(files_)}; }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

}  // namespace

std::string requirements_of(const json::object& environment) {
  std::string text;
  for (const auto& package : array_of(environment, "packages")) {
    if (package.is_object()) text += fmt::format("{}=={}\n", text_of(package.get_object(), "name"), text_of(package.get_object(), "version"));
  }
  return text;
}

std::string run_script(const json::object& run) {
  const auto& spec = object_of(run, "spec");
  std::string text =
      fmt::format("#!/bin/sh\n# What run {} ran, from its own copy of the code. PYTHON=… takes another interpreter.\nset -e\n", run_id(run).text());
  text += "cd \"$(dirname \"$0\")/source\"\nmkdir -p outputs logs\n";
  for (const auto& [name, value] : variables_of(spec)) {
    if (!is_variable_name(name)) continue;
    if (value == kHidden) text += fmt::format(": \"${{{0}:?set {0}; the record of the run does not hold its value}}\"\n", name);
    else text += fmt::format("export {}={}\n", name, quoted(value));
  }
  return text + program_of(spec) + "\n";
}

std::vector<std::string> submit_words(const json::object& run, const std::string& source) {
  const auto& spec = object_of(run, "spec");
  std::vector<std::string> words{"run", "submit", "--source", source, "--experiment", text_of(run, "experiment")};
  const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  for (const auto& [name, value] : variables_of(spec)) add({"--env", name + "=" + value});
  const auto& resources = object_of(spec, "resources");
  if (const auto cpus = integer_of(resources, "cpus"); cpus > 1) add({"--cpus", std::to_string(cpus)});
  if (const auto gpus = integer_of(resources, "gpus"); gpus > 0) add({"--gpus", std::to_string(gpus)});
  if (const auto limit = integer_of(spec, "max_run_duration_seconds"); limit > 0) add({"--time-limit", fmt::format("{}s", limit)});
  auto program = words_of(array_of(spec, "argv"));
  if (const auto script = text_of(spec, "script"); !script.empty()) {
    add({"--script", script, "--interpreter", interpreter_of(spec)});
    program = words_of(array_of(spec, "arguments"));
  }
  if (const auto command = text_of(spec, "command"); !command.empty()) add({"--shell", command});
  if (!program.empty()) words.emplace_back("--");
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

Result<Recreation> recreate(Client& client, const json::object& run, const std::string& directory) {
  CHECK_OK(check_directory(directory));
  const auto id = run_id(run);
  TRY(const auto diff, client.diff(id));
  TRY(const auto environment, client.environment(id));
  CHECK_OK(io::make_directories(directory, 0777));
  const auto source = directory + "/source";
  const auto snapshot = text_of(run, "snapshot");
  CHECK_OK(snapshot.empty() ? io::make_directories(source, 0777) : client.lay_down_snapshot(SnapshotId(snapshot), source));
  Folder folder(directory);
  CHECK_OK(folder.write("README.md", readme_of(run, source, diff.has_value(), environment.has_value())));
  if (has_program(object_of(run, "spec"))) CHECK_OK(folder.write("run.sh", run_script(run), 0755));
  CHECK_OK(folder.write("run.json", json::serialize(run) + "\n"));
  if (diff) CHECK_OK(folder.write("changes.diff", *diff));
  if (environment) {
    CHECK_OK(folder.write("environment.json", json::serialize(*environment) + "\n"));
    CHECK_OK(folder.write("requirements.txt", requirements_of(*environment)));
  }
  return std::move(folder).told();
}

}  // namespace stoker::client
