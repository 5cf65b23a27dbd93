#pragma once
// Carries out what the scheduler decides: asks the target for a place, stores it, and leaves the rest to what the ledger announces.
// A place that a target refuses for now is asked for again, later and later; the run keeps its turn meanwhile.

#include <string>

#include "runs/ledger.hpp"
#include "runs/live.hpp"
#include "runs/run_service.hpp"

namespace stoker::runs {

class Dispatcher {
 public:
  Dispatcher(Parts& parts, Live& live, Ledger& ledger, io::TaskGroup& tasks)
      : parts_(parts), live_(live), ledger_(ledger), tasks_(tasks), wake_(parts.loop) {}

  /// At the end of its target's line.
  void enqueue(const Run& run);
  /// Something may fit now.
  void kick();
  /// Until cancelled.
  io::Task<void> run();

 private:
  std::optional<Duration> start_what_fits();
  void start(const std::string& target, Line& line);
  io::Task<void> place(std::string target, Taken taken);
  io::Task<Status> place_on(targets::Target& target, const std::string& name, const Taken& taken);
  void put_back(Line& line, const Taken& taken, const Error& error);

  Parts& parts_;
  Live& live_;
  Ledger& ledger_;
  io::TaskGroup& tasks_;
  io::Signal wake_;
  bool kicked_ = false;
};

}  // namespace stoker::runs
