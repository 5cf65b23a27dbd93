// What can be known to be wrong before anything is sent: folder, script, program and interpreter, all at once.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "client/submit.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::client {
namespace {

bool is_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_plain_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

bool ends_in_py(const std::string& name) { return name.size() > 3 && name.ends_with(".py"); }

/// PATH as the run will have it: the strongest layer that sets it.
std::string run_path(const SubmitRequest& request) {
  for (const auto* layer : {&request.spec.environment_variables, &request.spec.environment.variables, &request.spec.inherited, &request.variables}) {
    if (const auto found = layer->find("PATH"); found != layer->end()) return found->second;
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

std::vector<std::string> scripts_beside(const std::string& path) {
  const auto slash = path.rfind('/');
  auto names = io::list_directory(slash == std::string::npos ? "." : path.substr(0, slash));
  if (!names) return {};
  std::erase_if(*names, [](const std::string& name) { return !ends_in_py(name); });
  return *names;
}

class Check {
 public:
  explicit Check(const SubmitRequest& request) : request_(request), spec_(request.spec) {}

  Status run() {
    check_folder();
    if (spec_.script) check_script("script", *spec_.script);
    check_argv();
    check_interpreter();
    return outcome();
  }

 private:
  void add(ErrorCode code, std::string path, std::string message, std::string hint = "") {
    code_ = mistakes_.empty() ? code : ErrorCode::kInvalidInput;
    if (!hint.empty()) hint_ = std::move(hint);
    mistakes_.push_back({std::move(path), std::move(message)});
  }

  void check_folder() {
    const auto& folder = request_.source_directory;
    if (folder.empty()) return;
    if (!io::exists(folder)) add(ErrorCode::kSourceInvalid, "source_directory", fmt::format("the source folder {} is not there", folder));
    else if (!is_folder(folder))
      add(ErrorCode::kSourceInvalid, "source_directory", fmt::format("{} is not a folder", folder),
          "name the folder that holds the script: --source DIR");
    else if (::access(folder.c_str(), R_OK | X_OK) != 0)
      add(ErrorCode::kSourceInvalid, "source_directory", fmt::format("the source folder {} cannot be read", folder));
    has_folder_ = mistakes_.empty();
  }

  void check_script(const std::string& field, const std::string& script) {
    if (request_.source_directory.empty())
      return add(ErrorCode::kScriptNotFound, field, fmt::format("there is no source folder that could hold {}", script), "name it: --source DIR");
    if (!has_folder_) return;
    if (!io::check_relative_path(script)) {
      return add(ErrorCode::kScriptNotFound, field, fmt::format("{} is not a path inside the source folder", script),
                 "the run sees the source folder only; write the script's path relative to it");
    }
    const auto path = request_.source_directory + "/" + script;
    if (is_plain_file(path)) return;
    const auto slash = path.rfind('/');
    const auto hint = did_you_mean(path.substr(slash + 1), scripts_beside(path));
    add(ErrorCode::kScriptNotFound, field, fmt::format("the script {} is not in {}", script, request_.source_directory),
        hint.empty() ? "paths are relative to the source folder (--source DIR)" : hint);
  }

  void check_argv() {
    if (spec_.argv.empty()) return;
    const auto& program = spec_.argv[0];
    const bool is_relative_path = program.find('/') != std::string::npos && program.front() != '/';
    if (is_relative_path) {
      if (has_folder_ && !io::exists(request_.source_directory + "/" + program))
        add(ErrorCode::kScriptNotFound, "argv", fmt::format("the program {} is not in {}", program, request_.source_directory));
    } else if (request_.is_same_machine && !io::find_program(program, run_path(request_))) {
      add(ErrorCode::kEnvironmentInvalid, "argv", fmt::format("the program {} is not on PATH", program),
          ends_in_py(program) ? fmt::format("run it with an interpreter: python {}", program) : "");
    }
    // `python train.py`: the commonest form, and the commonest slip of a finger.
    const auto name = program.substr(program.rfind('/') + 1);
    if (name.starts_with("python") && spec_.argv.size() > 1 && ends_in_py(spec_.argv[1]) && spec_.argv[1].front() != '/')
      check_script("argv", spec_.argv[1]);
  }

  void check_interpreter() {
    const auto* given = spec_.environment.settings.if_contains("interpreter");
    if (!request_.is_same_machine || spec_.environment.kind != "user-managed" || given == nullptr || !given->is_string()) return;
    const std::string interpreter(given->get_string());
    // The folder of a conda or virtual environment, and ~/, are the environment kind's to look into.
    if (is_folder(interpreter) || interpreter.starts_with("~/")) return;
    if (!io::find_program(interpreter, run_path(request_))) {
      add(ErrorCode::kEnvironmentInvalid, "environment.interpreter",
          fmt::format("the interpreter {} is {}", interpreter,
                      interpreter.find('/') == std::string::npos ? "not on PATH" : "not there, or not executable"),
          "name one that is: --interpreter /path/to/python");
    }
  }

  Status outcome() {
    if (mistakes_.empty()) return ok();
    if (mistakes_.size() == 1) return Error(code_, mistakes_[0].message).hint(hint_);
    return Error(code_, "the run cannot be submitted").mistakes(std::move(mistakes_)).hint(hint_);
  }

  const SubmitRequest& request_;
  const RunSpec& spec_;
  bool has_folder_ = false;
  ErrorCode code_ = ErrorCode::kInvalidInput;
  std::string hint_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

std::string whole_path(const std::string& path) {
  auto whole = std::filesystem::absolute(path).lexically_normal().string();
  while (whole.size() > 1 && whole.ends_with('/')) whole.pop_back();
  return whole;
}

Status check_submit(const SubmitRequest& request) { return Check(request).run(); }

}  // namespace stoker::client
