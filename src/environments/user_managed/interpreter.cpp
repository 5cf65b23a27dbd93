#include "environments/user_managed/interpreter.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <tuple>

#include <fmt/format.h>

#include "environments/user_managed/probe.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::environments {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};
// Any Python from 2.7 on. The user's site folder is on sys.path only once it is there. A path that cannot be written costs the paths only.
constexpr auto kQuestion = R"(import sys
sys.stdout.write('stoker-python %d.%d.%d' % sys.version_info[:3])
try:
    site = sys.modules.get('site')
    user = [site.getusersitepackages()] if site and site.ENABLE_USER_SITE else []
    sys.stdout.write('\n' + '\n'.join(sys.path + user))
except Exception:
    pass
)";
constexpr std::string_view kAnswer = "stoker-python ";

std::vector<std::string> folders_of(const std::string& path) {
  std::vector<std::string> folders;
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find(':', start), path.size());
    if (end > start) folders.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return folders;
}

bool is_program(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

bool is_folder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// python, python3, python3.11
bool is_interpreter_name(std::string_view name) {
  if (!name.starts_with("python")) return false;
  return std::ranges::all_of(name.substr(6), [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

std::vector<std::string> interpreters_in(const std::string& folder) {
  std::vector<std::string> found;
  const auto names = io::list_directory(folder);
  if (!names) return found;
  for (const auto& name : *names) {
    const auto path = folder + "/" + name;
    if (is_interpreter_name(name) && is_program(path)) found.push_back(path);
  }
  return found;
}

Error missing(std::string message, const std::vector<std::string>& instead) {
  auto error = Error(ErrorCode::kEnvironmentInvalid, std::move(message));
  if (instead.empty()) return std::move(error).hint("no interpreter was found on the run's PATH either; name one by its absolute path");
  return std::move(error).hint(fmt::format("found: {}", fmt::join(instead, ", ")));
}

std::string normal(const std::string& path) {
  auto text = std::filesystem::path(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<FoundInterpreter> in_folder(const std::string& folder, const Variables& variables) {
  const bool is_conda = is_folder(folder + "/conda-meta");
  for (const auto* name : {"python", "python3"}) {
    const auto path = folder + "/bin/" + name;
    if (is_program(path)) return FoundInterpreter{path, folder, is_conda};
  }
  auto instead = interpreters_in(folder + "/bin");
  if (instead.empty()) instead = interpreters_on_path(variables, 6);
  return missing(fmt::format("the folder {} has no bin/python, so it is no conda or virtual environment", folder), instead);
}

Result<FoundInterpreter> at_path(const std::string& path, const Variables& variables) {
  if (is_folder(path)) return in_folder(path, variables);
  if (is_program(path)) return FoundInterpreter{path, "", false};
  auto instead = interpreters_in(std::filesystem::path(path).parent_path().string());
  if (instead.empty()) instead = interpreters_on_path(variables, 6);
  return missing(fmt::format("the interpreter {} {}", path, io::exists(path) ? "cannot be executed" : "does not exist"), instead);
}

std::string with_home(const std::string& named, const Variables& variables) {
  const auto home = variables.find("HOME");
  return named.starts_with("~/") && home != variables.end() ? home->second + named.substr(1) : named;
}

std::string last_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  const auto start = text.rfind('\n');
  return to_valid_utf8(start == std::string::npos ? text : text.substr(start + 1));
}

struct Answer {
  std::string version;
  std::vector<std::string> search_path;
  std::vector<std::int64_t> changes;  // when each folder of it changed last; -1: not there
};

std::vector<std::int64_t> changes_of(const std::vector<std::string>& folders) {
  std::vector<std::int64_t> changes;
  for (const auto& folder : folders) {
    struct stat info{};
    changes.push_back(::stat(folder.c_str(), &info) == 0 ? info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec : -1);
  }
  return changes;
}

Answer read_answer(std::string_view text) {
  Answer answer;
  const auto end = std::min(text.find('\n'), text.size());
  answer.version = text.substr(0, end);
  for (auto rest = text.substr(end); !rest.empty();) {
    rest.remove_prefix(1);
    const auto line = rest.substr(0, rest.find('\n'));
    // The folder of the program that asked is the empty one.
    if (line.starts_with('/')) answer.search_path.emplace_back(line);
    rest.remove_prefix(line.size());
  }
  answer.changes = changes_of(answer.search_path);
  return answer;
}

Result<Answer> ask(const std::string& path, const Variables& variables) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  auto answer = probe({path, "-c", kQuestion}, std::move(environment), kPatience);
  if (!answer) {
    return Error(ErrorCode::kEnvironmentInvalid, fmt::format("the interpreter {} does not start", path)).because(answer.error());
  }
  const auto at = answer->output.rfind(kAnswer);
  const bool is_python = WIFEXITED(answer->status) && WEXITSTATUS(answer->status) == 0 && at != std::string::npos;
  if (is_python) return read_answer(std::string_view(answer->output).substr(at + kAnswer.size()));
  auto why = last_line(answer->errors.empty() ? answer->output : answer->errors);
  if (why.empty())
    why = WIFSIGNALED(answer->status) ? fmt::format("it was killed by signal {}", WTERMSIG(answer->status))
                                      : fmt::format("it exited with code {}", WEXITSTATUS(answer->status));
  return Error(ErrorCode::kEnvironmentInvalid, fmt::format("{} does not answer as a Python interpreter", path)).because(std::move(why));
}

/// Path, inode, time of change and size of the program, and the variables that change what Python finds.
using Key = std::tuple<std::string, ino_t, std::int64_t, std::int64_t, off_t, std::string>;

std::string heeded(const Variables& variables) {
  std::string text;
  for (const auto& [name, value] : variables)
    if (name.starts_with("PYTHON") || name == "HOME") text += name + "=" + value + "\n";
  return text;
}

class Answers {
 public:
  std::optional<Answer> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(key);
    if (found == known_.end()) return std::nullopt;
    return found->second;
  }
  void put(const Key& key, const Answer& answer) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= 1000) known_.clear();
    known_[key] = answer;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Answer> known_;
};

enum class Freshness { kAny, kUnchangedFolders };

Result<Answer> answer_of(const std::string& path, const Variables& variables, Freshness wanted) {
  static Answers answers;
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return errno_error("cannot look at " + path, errno);
  const Key key{path, info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size, heeded(variables)};
  const auto known = answers.find(key);
  if (known && (wanted == Freshness::kAny || changes_of(known->search_path) == known->changes)) return *known;
  TRY(auto answer, ask(path, variables));
  answers.put(key, answer);
  return answer;
}

}  // namespace

std::vector<std::string> interpreters_on_path(const Variables& variables, std::size_t limit) {
  std::vector<std::string> found;
  for (const auto& folder : folders_of(path_of(variables))) {
    for (auto& path : interpreters_in(folder)) {
      if (found.size() < limit && std::ranges::find(found, path) == found.end()) found.push_back(std::move(path));
    }
  }
  return found;
}

Result<FoundInterpreter> find_interpreter(const std::string& named, const Variables& variables) {
  if (named.empty() || named.find('\0') != std::string::npos)
    return Error(ErrorCode::kEnvironmentInvalid, "the interpreter's name is empty or holds a NUL");
  const auto path = with_home(named, variables);
  if (path.front() == '/') return at_path(normal(path), variables);
  if (path.find('/') != std::string::npos) {
    return Error(ErrorCode::kEnvironmentInvalid, fmt::format("the interpreter {} is a relative path", to_valid_utf8(named)))
        .hint("give an absolute path, the folder of a conda or virtual environment, or a name on the PATH");
  }
  if (auto found = io::find_program(path, path_of(variables)); found && found->front() == '/') return FoundInterpreter{*found, "", false};
  return missing(fmt::format("\"{}\" is not on the run's PATH", to_valid_utf8(named)), interpreters_on_path(variables, 6));
}

std::optional<FoundInterpreter> find_default_interpreter(const Variables& variables) {
  for (const auto* name : {"python3", "python"}) {
    if (auto found = find_interpreter(name, variables)) return *found;
  }
  return std::nullopt;
}

Result<std::string> python_version(const std::string& path, const Variables& variables) {
  TRY(auto answer, answer_of(path, variables, Freshness::kAny));
  return std::move(answer.version);
}

Result<std::vector<std::string>> python_search_path(const std::string& path, const Variables& variables) {
  TRY(auto answer, answer_of(path, variables, Freshness::kUnchangedFolders));
  return std::move(answer.search_path);
}

}  // namespace stoker::environments
