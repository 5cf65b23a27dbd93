#include "supervisor/processes/process_tree.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <set>
#include <utility>

#include "io/process.hpp"

namespace stoker::supervisor {
namespace {

using Seen = std::set<std::pair<pid_t, std::uint64_t>>;
// A fork bomb may outrun a scan for a while; the next round goes on.
constexpr int kMaxScans = 20;

// The pidfd is taken first and the start time compared afterwards, so the signal cannot reach a later process of that number. A leader that
// is a zombie is signalled too: its other threads may still run.
bool send(const io::ProcessInfo& process, int signal) {
  const io::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0U)));
  const auto now = io::identify(process.pid);
  if (!now || now->start_time != process.start_time) return true;
  const long done = pidfd.is_open() ? ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U) : ::kill(process.pid, signal);
  return done == 0 || errno == ESRCH;
}

void wait_a_moment(long milliseconds) {
  const timespec moment{0, milliseconds * 1'000'000};
  ::nanosleep(&moment, nullptr);
}

}  // namespace

void signal_descendants(pid_t root, int signal) {
  Seen seen;
  for (int scan = 0; scan < kMaxScans; ++scan) {
    bool found_new = false;
    for (const auto& process : io::descendants(root)) {
      if (!seen.emplace(process.pid, process.start_time).second) continue;
      found_new = true;
      send(process, signal);
      if (process.state == 'T' || process.state == 't') send(process, SIGCONT);
    }
    if (!found_new) return;
  }
}

bool kill_descendants(pid_t root) {
  Seen seen;
  bool found_new = true;
  std::vector<io::ProcessInfo> found;
  for (int scan = 0; scan < kMaxScans && found_new; ++scan) {
    found_new = false;
    for (const auto& process : io::descendants(root)) {
      if (!seen.emplace(process.pid, process.start_time).second) continue;
      found_new = true;
      if (send(process, SIGSTOP)) found.push_back(process);
    }
  }
  bool killed = false;
  for (const auto& process : found) killed = send(process, SIGKILL) || killed;
  return killed;
}

void kill_and_reap_all() {
  while (true) {
    const bool killed = kill_descendants(::getpid());
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0 && errno == ECHILD) return;
    wait_a_moment(killed ? 1 : 20);
  }
}

}  // namespace stoker::supervisor
