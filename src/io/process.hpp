#pragma once
// Processes named so that a reused pid or a reboot is noticed: boot id + pid + start time, never a bare pid.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::io {

/// /proc/sys/kernel/random/boot_id
std::string boot_id();

struct ProcessIdentity {
  std::string boot_id;
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot, field 22 of /proc/<pid>/stat
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// nullopt when there is no such process (any more).
std::optional<ProcessIdentity> identify(pid_t pid);
/// The very same process still runs (a zombie does not).
bool is_alive(const ProcessIdentity& process);
bool is_same_boot(const ProcessIdentity& process);
/// Sends through a pidfd, after comparing the start time. Ok when it is gone already.
Status send_signal(const ProcessIdentity& process, int signal);

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  char state = '?';
  std::uint64_t start_time = 0;
};
/// Every process that /proc shows.
std::vector<ProcessInfo> list_processes();
/// All descendants of `root`, children before grandchildren; not `root` itself.
std::vector<ProcessInfo> descendants(pid_t root);
/// Processes of this user whose environment has `name=value` (readable /proc/<pid>/environ only).
std::vector<ProcessIdentity> find_by_environment(const std::string& name, const std::string& value);

/// posix_spawn, never fork: a server with 1 GiB of memory forks 75 times slower. `environment` is NAME=value.
struct SpawnOptions {
  std::vector<std::string> arguments;  // [0] is the program, looked up as execv does (a path)
  std::vector<std::string> environment;
  std::string working_directory;             // empty: the caller's
  int standard_input = -1;                   // -1: /dev/null
  int standard_output = -1;                  // -1: /dev/null
  int standard_error = -1;                   // -1: /dev/null
  std::vector<std::pair<int, int>> inherit;  // further descriptors: {ours, number in the child}
  bool new_session = true;                   // setsid
};
Result<pid_t> spawn(const SpawnOptions& options);

/// Where `program` is on `path_variable` (a PATH value); nullopt if nowhere. With a `/` in it: itself, if executable.
std::optional<std::string> find_program(const std::string& program, const std::string& path_variable);
/// The absolute path of this program's own binary.
std::string own_executable();

}  // namespace stoker::io
