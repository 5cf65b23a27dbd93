#pragma once
// The folder of one attempt, `<dir>/spool/<name>/` (FORMAT.md), from `start` to `release`. It alone says what a supervisor that
// starts up must recover; nothing about an attempt lies anywhere else, except its processes and control groups.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/process.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"

namespace stoker::supervisor {

/// Who worked on an attempt: what recovery needs to find leftovers and to tell a crash from a reboot.
struct SpoolIdentity {
  std::string boot_id;
  io::ProcessIdentity supervisor;
  io::ProcessIdentity keeper;
  std::optional<io::ProcessIdentity> main;  // nullopt until the user's program was started
  std::vector<std::string> groups;          // folders of the control groups
};

class Spool {
 public:
  /// Names only; touches nothing. `slot_dir` is the supervisor's --dir, absolute.
  Spool(const std::string& slot_dir, const RunId& run, int attempt);

  const std::string& key() const { return key_; }    // `<run id>.<attempt>`, the value of STOKER_ATTEMPT
  const std::string& name() const { return name_; }  // of the folder: the key, shortened with a digest where it is too long for a file name
  const std::string& path() const { return path_; }
  std::string start_file() const { return path_ + "/start.json"; }
  std::string identity_file() const { return path_ + "/identity.json"; }
  std::string journal_file() const { return path_ + "/journal"; }
  std::string output_file() const { return path_ + "/output"; }
  /// The working directory of the user's program.
  std::string work() const { return path_ + "/work"; }
  std::string outputs() const { return work() + "/outputs"; }
  std::string logs() const { return work() + "/logs"; }
  /// Scratch of the supervisor (upload temporaries); not the user's.
  std::string scratch() const { return path_ + "/scratch"; }

  /// Makes the folder with start.json and an empty work/. It appears whole or not at all.
  Status create(const protocol::StartMessage& start) const;
  /// work/outputs and work/logs, after the snapshot was laid down. kSourceInvalid where a file of that name is in the way.
  Status make_special_folders() const;
  Status write_identity(const SpoolIdentity& identity) const;
  /// nullopt when there is none, or not a readable one.
  std::optional<SpoolIdentity> read_identity() const;
  /// The folder's name goes at once, its content on the pool; what a crash leaves of that goes with leftovers().
  io::Task<Status> discard(io::Pool& pool) const;

  /// The start messages of all attempts that lie in `slot_dir`; half-made and half-removed folders go.
  static Result<std::vector<protocol::StartMessage>> leftovers(const std::string& slot_dir);

 private:
  std::string spool_dir_, key_, name_, path_;
};

}  // namespace stoker::supervisor
