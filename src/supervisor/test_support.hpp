#pragma once
// For the tests of this folder: a temporary folder, a loop that runs until a condition holds, and a program that tries to get away.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "io/file.hpp"
#include "io/process.hpp"
#include "io/task.hpp"

namespace stoker::supervisor::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/stoker-test-XXXXXX";
    path_ = ::mkdtemp(name);
    ::chmod(path_.c_str(), 0777);
  }
  ~TemporaryFolder() { [[maybe_unused]] const auto removed = io::remove_tree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

constexpr std::chrono::seconds kPatience{30};

/// Without a loop: looks every millisecond.
inline bool eventually(const std::function<bool()>& holds, std::chrono::seconds patience = kPatience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Runs the loop until the condition holds.
inline bool run_until(io::Loop& loop, const std::function<bool()>& holds, std::chrono::seconds patience = kPatience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Runs the loop until the task has ended; its value.
template <class T>
T run_task(io::Loop& loop, io::Task<T> task) {
  std::optional<T> value;
  io::TaskGroup group(loop, "test");
  auto keep = [](io::Task<T> inner, std::optional<T>& result) -> io::Task<void> { result.emplace(co_await std::move(inner)); };
  group.spawn("task", keep(std::move(task), value));
  EXPECT_TRUE(run_until(loop, [&] { return value.has_value(); }));
  return std::move(*value);
}
inline void run_task(io::Loop& loop, io::Task<void> task) {
  auto wrapped = [](io::Task<void> inner) -> io::Task<bool> {
    co_await std::move(inner);
    co_return true;
  };
  run_task(loop, wrapped(std::move(task)));
}

/// Runs `story` in a forked process, as another user where `uid` is given; its exit code, 0 when no expectation failed there.
inline int in_process(const std::function<void()>& story, std::optional<uid_t> uid = std::nullopt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (uid && (::setgid(*uid) != 0 || ::setuid(*uid) != 0)) ::_exit(2);
    story();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline constexpr uid_t kNobody = 65534;

/// Gone, or a zombie that only waits to be reaped.
inline bool is_gone(pid_t pid) {
  const auto identity = io::identify(pid);
  return !identity || !io::is_alive(*identity);
}

/// What the processes of escaping_program() wrote about themselves.
inline std::vector<pid_t> recorded_pids(const std::string& folder) {
  std::vector<pid_t> pids;
  for (const auto* name : {"pid-main", "pid-background", "pid-double", "pid-stopped"}) {
    const auto text = io::read_file(folder + "/" + name);
    if (text && !text->empty() && text->back() == '\n') pids.push_back(std::stoi(*text));
  }
  return pids;
}
inline bool all_recorded(const std::string& folder) { return recorded_pids(folder).size() == 4; }
inline bool all_gone(const std::string& folder) {
  for (const auto pid : recorded_pids(folder))
    if (!is_gone(pid)) return false;
  return true;
}

/// Shell text: a main process, a background child, a double-forked daemon in its own session with a cleared environment, all
/// ignoring SIGTERM, and a stopped one. Each writes its number into the current folder.
inline std::string escaping_program() {
  return R"(trap '' TERM
sh -c 'echo $$ > pid-background; while :; do sleep 1; done' &
setsid sh -c '(env -i /bin/sh -c "echo \$\$ > pid-double; cd /; exec sleep 1000" &)' &
sh -c 'echo $$ > pid-stopped; kill -STOP $$; sleep 1000' &
echo $$ > pid-main
while :; do sleep 1; done
)";
}

}  // namespace stoker::supervisor::testing
