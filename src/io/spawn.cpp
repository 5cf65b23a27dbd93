// The part of process.hpp that starts programs.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "io/process.hpp"

namespace stoker::io {
namespace {

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() { ::posix_spawnattr_init(&attributes_); }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::vector<std::pair<int, int>> wanted_descriptors(const SpawnOptions& options) {
  auto wanted = options.inherit;
  wanted.emplace_back(options.standard_input, STDIN_FILENO);
  wanted.emplace_back(options.standard_output, STDOUT_FILENO);
  wanted.emplace_back(options.standard_error, STDERR_FILENO);
  return wanted;
}

// Sources are copied above all targets first, so that no dup2 overwrites a source that a later one needs.
Result<std::vector<Fd>> arrange_descriptors(const SpawnOptions& options, FileActions& actions) {
  const auto wanted = wanted_descriptors(options);
  const int highest = std::ranges::max(wanted, {}, &std::pair<int, int>::second).second;
  std::vector<Fd> copies;
  for (const auto& [ours, theirs] : wanted) {
    if (ours < 0) {
      ::posix_spawn_file_actions_addopen(actions.get(), theirs, "/dev/null", O_RDWR, 0);
      continue;
    }
    Fd copy(::fcntl(ours, F_DUPFD_CLOEXEC, highest + 1));
    if (!copy.is_open()) return errno_error(fmt::format("cannot pass descriptor {} on", ours), errno);
    ::posix_spawn_file_actions_adddup2(actions.get(), copy.get(), theirs);
    copies.push_back(std::move(copy));
  }
  // Ours are close-on-exec; what a library or the caller of this program left open must not leak into a user's script.
  ::posix_spawn_file_actions_addclosefrom_np(actions.get(), highest + 1);
  return copies;
}

void reset_signals(Attributes& attributes, bool new_session) {
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(attributes.get(), &all);
  ::posix_spawnattr_setsigmask(attributes.get(), &none);
  ::posix_spawnattr_setflags(attributes.get(),
                             static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (new_session ? POSIX_SPAWN_SETSID : 0)));
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

Error spawn_error(const SpawnOptions& options, int code) {
  struct stat info{};
  const auto& folder = options.working_directory;
  if (!folder.empty() && (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) {
    return Error(ErrorCode::kNotFound, fmt::format("the working folder {} is not there", folder));
  }
  auto error = errno_error(fmt::format("cannot start {}", options.arguments[0]), code);
  if (code == E2BIG) error.hint("the arguments and the environment together are too large for this system");
  if (code != ENOENT) return error;
  return Error(ErrorCode::kNotFound, error.message()).because("the program, or the interpreter named in its first line, is not there");
}

}  // namespace

Result<pid_t> spawn(const SpawnOptions& options) {
  if (options.arguments.empty()) return Error(ErrorCode::kInvalidInput, "there is no program to start");
  FileActions actions;
  Attributes attributes;
  TRY(const auto copies, arrange_descriptors(options, actions));
  if (!options.working_directory.empty()) ::posix_spawn_file_actions_addchdir_np(actions.get(), options.working_directory.c_str());
  reset_signals(attributes, options.new_session);
  const auto arguments = pointers(options.arguments);
  const auto environment = pointers(options.environment);
  pid_t pid = 0;
  const int code = ::posix_spawn(&pid, arguments[0], actions.get(), attributes.get(), arguments.data(), environment.data());
  if (code != 0) return spawn_error(options, code);
  return pid;
}

}  // namespace stoker::io
