#pragma once
// One attempt of a run, driven from start to its `finished` record: prepare, start, watch, end, upload. Decisions about ending are
// attempt_state.hpp's, what the end is called is outcome.hpp's; here they are carried out. Everything is told through the journal.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/attempt_state.hpp"
#include "supervisor/capture.hpp"
#include "supervisor/containment.hpp"
#include "supervisor/journal.hpp"
#include "supervisor/keeper.hpp"
#include "supervisor/services.hpp"
#include "supervisor/spool.hpp"

namespace stoker::supervisor {

/// What an attempt works with; all outlive it.
struct AttemptWorld {
  io::Loop& loop;
  io::Pool& pool;
  const Clock& clock;
  Keeper& keeper;
  io::Signal& changed;  // told of every growth of the journal
  const ServicesFactory& services;
  std::string slot_dir;
  std::string python_tree;
  ContainmentKind containment = ContainmentKind::kAutomatic;
};

class Attempt {
 public:
  /// Makes the spool and the journal; nothing runs yet.
  static Result<std::shared_ptr<Attempt>> create(AttemptWorld world, protocol::StartMessage start);
  /// Takes up what a crash left: kills leftovers and tells the end where run() finds none told.
  static Result<std::shared_ptr<Attempt>> recover(AttemptWorld world, protocol::StartMessage start);
  ~Attempt();

  /// To the `finished` record. Ends early after abandon() and shut_down(), and when the keeper died (is_keeper_lost()).
  io::Task<void> run();
  void cancel(std::chrono::seconds grace, const std::string& by);
  /// Ends the processes as lost (`why`), leaves uploads to the next supervisor.
  void shut_down(const std::string& why);
  /// Nobody wants it: kills at once, uploads nothing.
  void abandon();
  /// After run(): the services end, the spool goes.
  io::Task<Status> remove();

  bool is_finished() const { return finished_; }
  bool is_keeper_lost() const { return keeper_lost_; }
  const protocol::StartMessage& start() const { return start_; }
  Journal& journal() { return *journal_; }

 private:
  struct Command;
  Attempt(AttemptWorld world, protocol::StartMessage start);

  io::Task<Status> prepare(Command& command);
  io::Task<Status> prepare_environment(Command& command);
  io::Task<Status> launch(Command& command);
  io::Task<void> watch();
  io::Task<void> carry_out(Effect effect);
  io::Task<void> settle();
  io::Task<void> settle_lost();
  io::Task<void> end_with(Outcome outcome);
  io::Task<void> finalize();
  io::Task<void> wait_stop();
  void decide(const AttemptEvent& event);
  void begin_phase(const std::string& name);
  void end_phase();
  void write_identity();
  void say(const std::string& line);

  AttemptWorld world_;
  protocol::StartMessage start_;
  Spool spool_;
  std::unique_ptr<Journal> journal_;
  AttemptServices services_;
  std::unique_ptr<Capture> capture_;
  ControlGroup group_;
  AttemptState state_;
  std::vector<Effect> effects_;  // decided, not yet carried out
  io::Signal wake_;
  io::TaskGroup tasks_;
  std::string phase_;                     // the open one
  std::optional<JournalFindings> found_;  // nullopt for a new attempt
  std::optional<io::ProcessIdentity> main_;
  bool abandoned_ = false;
  bool leaving_ = false;  // shut_down: no uploads here
  bool keeper_lost_ = false;
  bool finished_ = false;
};

}  // namespace stoker::supervisor
