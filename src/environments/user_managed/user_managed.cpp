#include "environments/user_managed/user_managed.hpp"

#include <sys/stat.h>

#include <filesystem>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "environments/user_managed/interpreter.hpp"
#include "environments/user_managed/packages.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::environments {
namespace {

constexpr std::string_view kKind = "user-managed";
constexpr std::int64_t kLockVersion = 2;

struct Settings {
  std::optional<std::string> interpreter;
};

Settings read_settings(const EnvironmentSpec& spec, std::vector<Mistake>& mistakes) {
  const json::value value(spec.settings);
  FieldReader fields(value, "environment.settings", mistakes);
  Settings settings;
  settings.interpreter = fields.optional_text("interpreter");
  if (settings.interpreter && settings.interpreter->empty()) settings.interpreter.reset();
  return settings;
}

/// What the settings name; nullopt when they name nothing and the PATH has nothing.
Result<std::optional<FoundInterpreter>> interpreter_of(const Settings& settings, const Variables& variables) {
  if (!settings.interpreter) return find_default_interpreter(variables);
  TRY(auto found, find_interpreter(*settings.interpreter, variables));
  return std::optional<FoundInterpreter>(std::move(found));
}

/// Another program at the same path is another environment.
std::string identity_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return fmt::format("{} bytes of {}.{:09}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

Prepared prepared_for(const std::string& prefix, bool is_conda) {
  Prepared prepared;
  if (prefix.empty()) return prepared;
  prepared.path_prefix = {prefix + "/bin"};
  prepared.variables[is_conda ? "CONDA_PREFIX" : "VIRTUAL_ENV"] = prefix;
  return prepared;
}

std::string text_of(const json::object& content, std::string_view name) {
  const auto* value = content.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string joined(const Error& error) {
  std::string text = error.message();
  if (!error.cause().empty()) text += ": " + error.cause();
  if (!error.hint_text().empty()) text += " (" + error.hint_text() + ")";
  return text;
}

std::vector<std::string> programs_on(const std::string& path) {
  std::vector<std::string> names;
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find(':', start), path.size());
    const auto found = end > start ? io::list_directory(path.substr(start, end - start)) : std::vector<std::string>();
    if (found) names.insert(names.end(), found->begin(), found->end());
    start = end + 1;
  }
  return names;
}

/// argv[0] as something to start: absolute as it is, with a slash below the working directory, else on the PATH.
Result<std::string> find_argv_program(const std::string& program, const std::string& path, const std::string& working_directory) {
  if (program.find('/') != std::string::npos) {
    const auto full = program.front() == '/' ? program : working_directory + "/" + program;
    if (io::find_program(full, path)) return full;
    const auto* what = io::exists(full) ? "is not executable" : "does not exist";
    return Error(ErrorCode::kEnvironmentInvalid, fmt::format("the program {} {}", to_valid_utf8(program), what))
        .hint("relative paths begin at the source folder");
  }
  if (auto found = io::find_program(program, path)) return *found;
  auto hint = did_you_mean(program, programs_on(path));
  if (hint.empty()) hint = "give its absolute path, or add its folder to PATH";
  return Error(ErrorCode::kEnvironmentInvalid, fmt::format("the program \"{}\" is not on the run's PATH", to_valid_utf8(program))).hint(hint);
}

class UserManaged final : public EnvironmentKind {
 public:
  std::string_view kind() const override { return kKind; }
  json::object schema() const override;
  Status validate(const EnvironmentSpec& spec, const Program& program, const Variables& variables) const override;
  Result<EnvironmentLock> resolve(const EnvironmentSpec& spec, const Variables& variables) const override;
  Result<Prepared> prepare(const EnvironmentLock& lock, const std::string& directory) const override;
  Result<std::vector<std::string>> command(const EnvironmentLock& lock, const Program& program, const Variables& variables,
                                           const std::string& working_directory) const override;
  json::object describe(const EnvironmentLock& lock, const Variables& variables) const override;
};

json::object UserManaged::schema() const {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties",
           {{"interpreter",
             {{"type", "string"},
              {"description",
               "An absolute path of a Python interpreter, the folder of a conda or virtual environment, or a name on the run's PATH. "
               "Without it python3, else python, on the PATH."}}}}}};
}

Status UserManaged::validate(const EnvironmentSpec& spec, const Program& program, const Variables& variables) const {
  std::vector<Mistake> mistakes;
  const auto settings = read_settings(spec, mistakes);
  std::string prefix;
  bool is_conda = false;
  if (const auto found = interpreter_of(settings, variables); !found) mistakes.push_back({"environment.settings.interpreter", joined(found.error())});
  else if (*found) {
    prefix = (*found)->prefix;
    is_conda = (*found)->is_conda;
    // Nobody asked for the one on the PATH unless there is a script.
    const bool matters = settings.interpreter || program.script;
    const auto version = matters ? python_version((*found)->path, variables) : Result<std::string>(std::string());
    if (!version) mistakes.push_back({"environment.settings.interpreter", joined(version.error())});
  } else if (program.script) {
    mistakes.push_back({"environment.settings.interpreter", "none is given, and the run's PATH has neither python3 nor python"});
  }
  // A relative program lies in the snapshot, which is not here.
  const bool is_here = !program.argv.empty() && (program.argv[0].find('/') == std::string::npos || program.argv[0].front() == '/');
  if (is_here) {
    const auto path = path_of(with_prepared(variables, prepared_for(prefix, is_conda)));
    if (const auto found = find_argv_program(program.argv[0], path, ""); !found) mistakes.push_back({"argv", joined(found.error())});
  }
  if (mistakes.empty()) return ok();
  return Error(ErrorCode::kEnvironmentInvalid, "the environment cannot be used").mistakes(std::move(mistakes));
}

Result<EnvironmentLock> UserManaged::resolve(const EnvironmentSpec& spec, const Variables& variables) const {
  std::vector<Mistake> mistakes;
  const auto settings = read_settings(spec, mistakes);
  if (!mistakes.empty()) return Error(ErrorCode::kEnvironmentInvalid, "the environment's settings are wrong").mistakes(std::move(mistakes));
  TRY(const auto found, interpreter_of(settings, variables));
  json::object content = {{"kind", kKind},      {"version", kLockVersion}, {"interpreter", nullptr},
                          {"program", nullptr}, {"prefix", nullptr},       {"is_conda", false}};
  if (!found) return make_lock(std::move(content));
  // Nothing is started here: under load an interpreter takes seconds to answer, and its program would wait. `validate` has asked it.
  content["interpreter"] = found->path;
  content["program"] = identity_of(found->path);
  if (!found->prefix.empty()) content["prefix"] = found->prefix;
  content["is_conda"] = found->is_conda;
  return make_lock(std::move(content));
}

Result<Prepared> UserManaged::prepare(const EnvironmentLock& lock, const std::string&) const {
  const auto* is_conda = lock.content.if_contains("is_conda");
  return prepared_for(text_of(lock.content, "prefix"), is_conda != nullptr && is_conda->is_bool() && is_conda->get_bool());
}

Result<std::vector<std::string>> UserManaged::command(const EnvironmentLock& lock, const Program& program, const Variables& variables,
                                                      const std::string& working_directory) const {
  if (program.command) return std::vector<std::string>{"/bin/sh", "-c", *program.command};
  std::vector<std::string> arguments;
  if (!program.script) {
    if (program.argv.empty()) return Error(ErrorCode::kInvalidInput, "there is nothing to run");
    TRY(auto first, find_argv_program(program.argv[0], path_of(variables), working_directory));
    arguments = program.argv;
    arguments[0] = std::move(first);
    return arguments;
  }
  const auto interpreter = text_of(lock.content, "interpreter");
  if (interpreter.empty())
    return Error(ErrorCode::kEnvironmentInvalid, "there is no Python interpreter for the script").hint("name one in the environment's settings");
  arguments = {interpreter, program.script->starts_with("-") ? "./" + *program.script : *program.script};
  for (const auto& argument : program.arguments) arguments.push_back(expand_variables(argument, variables));
  return arguments;
}

json::object UserManaged::describe(const EnvironmentLock& lock, const Variables& variables) const {
  const auto interpreter = text_of(lock.content, "interpreter");
  json::value version;
  json::array packages;
  if (!interpreter.empty()) {
    if (auto found = python_version(interpreter, variables)) version = std::move(*found);
    const auto folders = python_search_path(interpreter, variables);
    for (const auto& package : packages_in(folders ? *folders : std::vector<std::string>()))
      packages.push_back({{"name", package.name}, {"version", package.version}});
  }
  return {{"kind", kKind},
          {"interpreter", interpreter.empty() ? json::value(nullptr) : json::value(to_valid_utf8(interpreter))},
          {"version", std::move(version)},
          {"packages", std::move(packages)}};
}

}  // namespace

const EnvironmentKind& user_managed_kind() {
  static const UserManaged kind;
  return kind;
}

}  // namespace stoker::environments
