#pragma once
// The keeper: a tiny second process, forked before any thread exists, that is the parent of every user process. As a child subreaper
// it inherits all orphans, so neither a double fork nor setsid nor a cleared environment escapes it: "no child left" (ECHILD) means
// that nothing of the run is left. When the supervisor dies, in whatever way, it reads end of file and kills until nothing is left.
// This header is both sides: start_keeper() forks it, class Keeper is the supervisor's end. keeper_process.cpp is the process itself.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "io/task.hpp"

namespace stoker::supervisor {

struct KeeperProcess {
  io::ProcessIdentity identity;
  io::Fd socket;  // SOCK_SEQPACKET
};

/// Forks the keeper and makes the caller a child subreaper too (for the case that the keeper dies). No thread may exist yet. Descriptors that
/// are open now stay open in the keeper: so the slot's lock is held until the last user process is gone.
Result<KeeperProcess> start_keeper();

struct SpawnRequest {
  std::vector<std::string> arguments;    // [0] a path, as execve takes it
  std::vector<std::string> environment;  // NAME=value
  std::string working_directory;
  std::vector<std::string> join;  // files that get the process's number before it begins (cgroup.procs); failures are ignored
  int standard_output = -1;
  int standard_error = -1;
};

class Keeper {
 public:
  Keeper(io::Loop& loop, KeeperProcess process);
  ~Keeper();

  /// Starts the main process of a run: new session, stdin /dev/null, no other descriptors, default signals. Only when is_empty().
  /// kNotFound for a program or folder that is not there, kStartFailed-like kIo else; the message is for people.
  io::Task<Result<pid_t>> spawn(SpawnRequest request);
  /// To every process below the keeper; stopped ones are continued so that they can react.
  void signal_all(int signal);
  /// SIGSTOP and SIGKILL to every process, again and again until none is left.
  void kill_all();

  /// As waitpid gives it; nullopt while the main process runs, or none was started.
  std::optional<int> main_status() const;
  /// No process is left below the keeper. (False from spawn() on.)
  bool is_empty() const;
  /// The keeper itself is gone; whatever it kept is now below this process: see kill_orphans().
  bool is_dead() const;
  const io::ProcessIdentity& identity() const;
  /// Notified when one of the above changes.
  io::Signal& changed();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// After the keeper's death: kills every descendant of this process until none is left. Blocks (milliseconds).
void kill_orphans();

}  // namespace stoker::supervisor
