#pragma once
// Runs that have no program of ours: a notebook's, or a child run inside a script. Their client says how they go; here that becomes events of
// the one table. Nobody but the client, or a cancel, ends such a run; one that sends heartbeats and falls silent counts as NotResponding.

#include <optional>
#include <string>
#include <vector>

#include "runs/ledger.hpp"
#include "runs/live.hpp"
#include "runs/run_service.hpp"

namespace stoker::runs {

class Watch;

class Interactive {
 public:
  Interactive(Parts& parts, Live& live, Ledger& ledger, Watch& watch) : parts_(parts), live_(live), ledger_(ledger), watch_(watch) {}

  /// See RunService.
  io::Task<Result<std::vector<Run>>> begin(std::vector<InteractiveWish> wishes, std::optional<std::string> key);
  io::Task<Result<Run>> open(RunId run);
  io::Task<Result<Run>> end(RunId run, bool well, std::optional<RunError> error);
  io::Task<Result<Run>> note(RunId run, Word word);
  io::Task<Result<RunState>> heartbeat(RunId run);
  io::Task<Status> heard(RunId run);

  /// A live one of the catalog, after a restart of the server. Who was waited for gets the whole time again.
  void resume(const Run& run);

 private:
  io::Task<Status> check_snapshots(const std::vector<InteractiveWish>& wishes);
  io::Task<Result<Run>> find(RunId run);

  Parts& parts_;
  Live& live_;
  Ledger& ledger_;
  Watch& watch_;
};

}  // namespace stoker::runs
