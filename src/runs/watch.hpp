#pragma once
// Looks after live runs: asks targets about supervisors that are away, and carries out what the reconciler says of them and of the clients of
// interactive runs. Sleeps while everybody is there.

#include <string>
#include <vector>

#include "runs/ledger.hpp"
#include "runs/live.hpp"
#include "runs/reconciler.hpp"
#include "runs/run_service.hpp"

namespace stoker::runs {

class Watch {
 public:
  Watch(Parts& parts, Live& live, Ledger& ledger, SupervisorHub& hub, io::TaskGroup& tasks)
      : parts_(parts), live_(live), ledger_(ledger), hub_(hub), tasks_(tasks), wake_(parts.loop) {}

  /// Something changed: a supervisor came or went, a cancel was asked.
  void kick();
  /// Until cancelled.
  io::Task<void> run();

 private:
  std::vector<Placed> look() const;
  std::vector<Session> look_at_sessions() const;
  std::optional<Duration> attend(Duration now);
  io::Task<void> observe(std::vector<Placed>& placed);
  void carry_out(const Action& action);
  io::Task<void> recover(Action action);
  io::Task<void> end(Action action);
  io::Task<void> say(Action action, EventKind kind);
  targets::Target* target_of(const Place& place);

  Parts& parts_;
  Live& live_;
  Ledger& ledger_;
  SupervisorHub& hub_;
  io::TaskGroup& tasks_;
  io::Signal wake_;
  bool kicked_ = false;
};

}  // namespace stoker::runs
