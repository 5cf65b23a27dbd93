#pragma once
// The supervisor proper: one attempt at a time, from `start` (or from what a crash left) to `release`. The link to the server calls it
// with what the server says, and sends what `current()` and `journal()` hold. One loop; nothing here blocks.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/attempt.hpp"
#include "supervisor/journal/journal.hpp"
#include "supervisor/processes/keeper.hpp"
#include "supervisor/services.hpp"

namespace stoker::supervisor {

struct Settings {
  std::string dir;          // the slot's folder, absolute
  std::string server_url;   // http://host:port
  std::string id;           // supervisor id
  std::string token;        // of the supervisor; read from --token-file or STOKER_SUPERVISOR_TOKEN, never on a command line
  std::string python_tree;  // goes first on PYTHONPATH; empty: none
  ContainmentKind containment = ContainmentKind::kAutomatic;
};

class Supervisor {
 public:
  Supervisor(io::Loop& loop, io::Pool& pool, const Clock& clock, Settings settings, Keeper& keeper, ServicesFactory services);
  ~Supervisor();

  /// Recovers what lies in the spool; before the link connects.
  Status start();
  /// Ends what runs as lost and leaves the spool for the next supervisor; ends when the attempt's processes are gone.
  io::Task<void> stop(std::string reason);

  // What the server says. All are idempotent; what names another attempt than the current one does nothing (fencing).
  /// kWrongState when another attempt is still here: the server must release that first.
  /// An attempt whose spool cannot be made (disk full) is tried again until it can.
  Status begin(protocol::StartMessage start);
  void cancel(const RunId& run, int attempt, std::chrono::seconds grace, const std::string& by);
  void acked(const RunId& run, int attempt, std::uint64_t seq);
  /// Deletes the spool of an attempt that has finished (of a recovered one in any case), then the next leftover or idle.
  void release(const RunId& run, int attempt);
  /// The server does not want this attempt: kills it and drops its spool, says nothing more of it.
  void refused(const RunId& run, int attempt, const std::string& reason);
  /// Exit as soon as there is no attempt.
  void quit();

  // What the link sends.
  bool is_idle() const { return !attempt_ && !waiting_; }
  /// The attempt here is over; only its delivery is missing.
  bool is_settled() const { return attempt_ && attempt_->is_finished(); }
  std::optional<protocol::AttemptStatus> current() const;
  /// Of the current attempt; nullptr when idle. Valid until the next await.
  Journal* journal();
  /// Notified when the journal has grown, and when an attempt has come or gone.
  io::Signal& changed() { return changed_; }
  /// Ends when the program should exit: quit and idle, or stopped.
  io::Task<void> wait_done();
  /// The keeper died: the program must be started again to get a new one (the attempt's processes are gone, its end is recorded).
  bool needs_restart() const { return needs_restart_; }
  const Settings& settings() const { return settings_; }
  ServerAddress& address() { return address_; }

 private:
  bool is_current(const RunId& run, int attempt) const;
  AttemptWorld world();
  void take(std::shared_ptr<Attempt> attempt);
  void next();
  io::Task<void> run_attempt(std::shared_ptr<Attempt> attempt);
  io::Task<void> drop(std::shared_ptr<Attempt> attempt);
  io::Task<void> try_again();
  io::Task<void> watch_keeper();

  io::Loop& loop_;
  io::Pool& pool_;
  const Clock& clock_;
  Settings settings_;
  ServerAddress address_;
  Keeper& keeper_;
  ServicesFactory services_;
  io::Signal changed_;
  std::shared_ptr<Attempt> attempt_;
  std::deque<protocol::StartMessage> leftovers_;
  /// Ordered, but its spool cannot be made yet (disk full).
  struct Waiting {
    protocol::StartMessage start;
    std::function<void(Attempt&)> then;  // a cancel that came meanwhile
  };
  std::optional<Waiting> waiting_;
  bool quit_ = false;
  bool done_ = false;
  bool dropping_ = false;
  bool needs_restart_ = false;
  io::TaskGroup tasks_;
};

}  // namespace stoker::supervisor
