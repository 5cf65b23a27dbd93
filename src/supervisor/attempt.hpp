#pragma once
// One attempt of a run, driven from start to its `finished` record: prepare, start, watch, end, upload. Decisions about ending are
// attempt_state.hpp's, what the end is called is outcome.hpp's; here they are carried out. Everything is told through the journal.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "environments/environment.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/attempt_state.hpp"
#include "supervisor/data_of_run.hpp"
#include "supervisor/journal/capture.hpp"
#include "supervisor/journal/journal.hpp"
#include "supervisor/journal/spool.hpp"
#include "supervisor/observation/sampler.hpp"
#include "supervisor/processes/containment.hpp"
#include "supervisor/processes/keeper.hpp"
#include "supervisor/services.hpp"

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
  const ServerAddress* address = nullptr;
};

class Attempt {
 public:
  /// Makes the spool and the journal; nothing runs yet.
  static Result<std::shared_ptr<Attempt>> create(AttemptWorld world, protocol::StartMessage start);
  /// Takes up what a crash left: kills leftovers and tells the end where run() finds none told.
  static Result<std::shared_ptr<Attempt>> recover(AttemptWorld world, protocol::StartMessage start);
  ~Attempt();

  /// To the `finished` record. Ends early after abandon() and shut_down(), and when the keeper died: then an end that can be told is told.
  io::Task<void> run();
  void cancel(std::chrono::seconds grace, const std::string& by);
  /// Ends the processes as lost (`why`), leaves uploads to the next supervisor.
  void shut_down(const std::string& why);
  /// Nobody wants it: kills at once, uploads nothing.
  void abandon();
  /// After run(): ends what works in the background. The spool stays.
  io::Task<void> close();
  /// close(), then the spool goes (its content in the background of the pool).
  io::Task<Status> remove();

  bool is_finished() const { return finished_; }  // the `finished` record was written
  bool has_ended() const { return ended_; }       // run() is over
  bool is_recovered() const { return found_.has_value(); }
  const protocol::StartMessage& start() const { return start_; }
  Journal& journal() { return *journal_; }

 private:
  struct Command;
  Attempt(AttemptWorld world, protocol::StartMessage start);

  io::Task<void> run_new();
  io::Task<void> run_recovered();
  io::Task<Status> prepare(Command& command);
  io::Task<Status> prepare_data();
  io::Task<Status> prepare_environment(Command& command);
  io::Task<Status> launch(Command& command);
  void observe();
  io::Task<void> record_environment();
  io::Task<void> watch();
  io::Task<void> carry_out(Effect effect);
  io::Task<void> settle();
  io::Task<void> deliver_data(Outcome& outcome);
  io::Task<void> settle_without_keeper();
  io::Task<void> end_unstarted(Status why);
  io::Task<void> end_with(Outcome outcome);
  io::Task<void> finalize();
  io::Task<void> wait_stop_preparing();
  io::Task<void> wait_leave();
  void decide(const AttemptEvent& event);
  void look_at_keeper();
  bool must_leave() const { return abandoned_ || leaving_ || world_.keeper.is_dead(); }
  void begin_phase(const std::string& name);
  void end_phase();
  void write_identity();
  void say(const std::string& line);
  io::Signal& wake() { return world_.keeper.changed(); }

  AttemptWorld world_;
  protocol::StartMessage start_;
  Spool spool_;
  DataOfRun data_;
  std::unique_ptr<Journal> journal_;
  AttemptServices services_;
  std::unique_ptr<Capture> capture_;
  ControlGroup group_;
  AttemptState state_;
  std::vector<Effect> effects_;  // decided, not yet carried out
  io::TaskGroup tasks_;
  std::optional<Sampler> sampler_;
  io::TaskGroup sampling_;   // while there are processes
  io::TaskGroup recording_;  // the environment; before `finished`
  environments::EnvironmentLock lock_;
  std::string user_;
  std::string phase_;                     // the open one
  std::optional<JournalFindings> found_;  // nullopt for a new attempt
  std::optional<SpoolIdentity> left_by_;  // of a recovered one
  std::optional<io::ProcessIdentity> main_;
  bool abandoned_ = false;
  bool leaving_ = false;
  bool finished_ = false;
  bool ended_ = false;
};

}  // namespace stoker::supervisor
