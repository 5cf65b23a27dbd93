#include "client/git.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/json.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostAnswer = 64U << 10;

/// Reads until the end of the stream; false when the time is over or more comes than anybody wants to know.
bool read_until(int fd, Clock::time_point until, std::size_t limit, std::string& text) {
  std::array<char, 4096> buffer;
  while (text.size() < limit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(std::min<long>(left, 60'000))) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

class Git {
 public:
  Git(std::string program, std::string directory, const Variables& variables, Clock::time_point until)
      : program_(std::move(program)), directory_(std::move(directory)), until_(until) {
    for (const auto& [name, value] : variables) environment_.push_back(name + "=" + value);
    // Neither a question on the terminal nor a lock that a git beside us would trip over.
    environment_.emplace_back("GIT_TERMINAL_PROMPT=0");
    environment_.emplace_back("GIT_OPTIONAL_LOCKS=0");
  }

  /// The first line of standard output; nullopt when git fails or is late.
  std::optional<std::string> ask(std::vector<std::string> arguments) {
    auto text = read(std::move(arguments), kMostAnswer);
    if (!text) return std::nullopt;
    return text->substr(0, text->find('\n'));
  }
  /// Standard output; of more than `limit` bytes only the beginning, a little beyond the limit.
  std::optional<std::string> read(std::vector<std::string> arguments, std::size_t limit) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::nullopt;
    io::Fd reader(pipe[0]), writer(pipe[1]);
    io::SpawnOptions options;
    options.arguments = {program_};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment = environment_;
    options.working_directory = directory_;
    options.standard_output = writer.get();
    const auto pid = io::spawn(options);
    if (!pid) return std::nullopt;
    writer.reset();
    std::string text;
    const bool in_time = read_until(reader.get(), until_, limit, text);
    reader.reset();
    const bool was_enough = text.size() >= limit;
    if (!in_time || was_enough) ::kill(*pid, SIGKILL);
    int status = 0;
    while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) return std::nullopt;
    if (!was_enough && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) return std::nullopt;
    return text;
  }

 private:
  std::string program_, directory_;
  std::vector<std::string> environment_;
  Clock::time_point until_;
};

struct Found {
  std::optional<std::string> url, branch, commit, dirty, diff;
};

/// Whatever the user's configuration would make of it: a patch that `git apply` takes.
std::optional<std::string> diff_of(Git& git) {
  return git.read({"-c", "core.quotePath=true", "diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/",
                   "--dst-prefix=b/", "--submodule=short", "HEAD"},
                  kMostDiff + 1);
}

Found probe(Git git) {
  Found state;
  if (git.ask({"rev-parse", "--is-inside-work-tree"}) != "true") return state;
  state.commit = git.ask({"rev-parse", "--verify", "--quiet", "HEAD"});
  state.branch = git.ask({"symbolic-ref", "--quiet", "--short", "HEAD"});
  state.url = git.ask({"ls-remote", "--get-url"});
  // Without a remote, git answers with the name that the remote would have.
  if (state.url && (*state.url == "origin" || state.url->empty())) state.url.reset();
  if (const auto status = git.ask({"status", "--porcelain", "."})) state.dirty = status->empty() ? "False" : "True";
  if (state.commit) state.diff = diff_of(git);
  return state;
}

}  // namespace

std::string without_credentials(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto begin = scheme + 3;
  const auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const auto at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const auto user = authority.substr(0, at);
  const bool is_ssh = url.substr(0, scheme).ends_with("ssh");
  const auto kept = is_ssh ? fmt::format("{}@", user.substr(0, user.find(':'))) : std::string();
  return fmt::format("{}{}{}", url.substr(0, begin), kept, url.substr(begin + at + 1));
}

GitState git_state(const std::string& directory, const Variables& variables, std::chrono::milliseconds patience) {
  Found state;
  if (const auto program = io::find_program("git", variable(variables, "PATH"))) {
    state = probe(Git(*program, directory, variables, Clock::now() + patience));
  }
  GitState told;
  auto& properties = told.properties;
  const auto add = [&](const char* override_name, std::optional<std::string> probed, std::initializer_list<const char*> keys) {
    if (auto given = variable(variables, override_name); !given.empty()) probed = std::move(given);
    if (!probed || probed->empty()) return;
    for (const auto* key : keys) properties[key] = probed->substr(0, 1000);
  };
  if (auto given = variable(variables, "AZUREML_GIT_REPOSITORY_URI"); !given.empty()) state.url = std::move(given);
  if (state.url) state.url = without_credentials(*state.url);
  if (state.url && !state.url->empty())
    properties["azureml.git.repository_uri"] = properties["mlflow.source.git.repoURL"] = state.url->substr(0, 1000);
  add("AZUREML_GIT_BRANCH", state.branch, {"azureml.git.branch", "mlflow.source.git.branch"});
  add("AZUREML_GIT_COMMIT", state.commit, {"azureml.git.commit", "mlflow.source.git.commit"});
  add("AZUREML_GIT_DIRTY", state.dirty, {"azureml.git.dirty"});
  add("AZUREML_GIT_BUILD_ID", std::nullopt, {"azureml.git.build_id"});
  if (auto uri = variable(variables, "AZUREML_GIT_BUILD_URI"); !uri.empty())
    properties["azureml.git.build_uri"] = without_credentials(uri).substr(0, 1000);
  if (!state.diff || state.diff->empty()) return told;
  if (state.diff->size() > kMostDiff) {
    properties["azureml.git.diff"] = "too large";
    return told;
  }
  told.diff = to_valid_utf8(*state.diff);
  if (*told.diff == *state.diff) return told;
  properties["azureml.git.diff"] = "not utf-8";
  if (told.diff->size() > kMostDiff) told.diff.reset();  // what replaces a byte is longer
  return told;
}

}  // namespace stoker::client
