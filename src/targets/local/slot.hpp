#pragma once
// One slot of the local target: a folder and the supervisor process that works in it. Blocking; called on the pool.
//   <folder>/token            the supervisor's token, mode 0600
//   <folder>/server           URL of the server, rewritten when it changes; a supervisor that cannot connect reads it again
//   <folder>/supervisor.json  {"version", "pid", "start_time", "boot_id", "program"} of the process started last
//   <folder>/supervisor.log   what supervisors write to standard error
//   <folder>/lock, spool/     the supervisor's own
// A second supervisor on the same folder ends by itself (lock), so starting one too many is harmless.

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "io/process.hpp"

namespace stoker::targets {

struct SlotSettings {
  std::string folder;
  std::string supervisor_id;
  std::string program;
  std::string python_tree;  // empty: the supervisor finds it
  std::string server_url;
  std::string token;
};

enum class SlotState { kAlive, kDead, kMissing };

class Slot {
 public:
  explicit Slot(SlotSettings settings) : settings_(std::move(settings)) {}

  /// kMissing: there is no such folder. `message` says what was seen.
  SlotState look(std::string& message) const;
  /// A live supervisor: the one that is there, or a new one. kTargetRejected (retryable unless the program is missing) with the end of its log.
  Status ensure() const;
  /// SIGTERM, up to `grace`, then SIGKILL. Ok when nothing lives there.
  Status end(std::chrono::seconds grace) const;
  /// The running supervisor hears of a server that moved.
  Status write_server_url() const;
  /// The end of what supervisors of this slot wrote, for errors.
  std::string log_tail() const;

 private:
  std::string file(const std::string& name) const { return settings_.folder + "/" + name; }
  std::optional<io::ProcessIdentity> recorded() const;
  Status prepare() const;
  Status spawn() const;

  SlotSettings settings_;
};

}  // namespace stoker::targets
