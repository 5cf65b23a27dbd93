#pragma once
// Runs that go for good: first their rows, all in one transaction with a note, then log, metrics and samples, then the note. What a crash left in
// between is done at the next start. Contents of files stay in the object store: others may refer to them.

#include <vector>

#include "runs/run_service.hpp"

namespace stoker::runs {

class Removal {
 public:
  Removal(Parts& parts, KnownRuns& known) : parts_(parts), known_(known) {}

  /// What an earlier server did not finish.
  io::Task<Status> finish();
  io::Task<Status> remove(RunId run, bool with_children);
  io::Task<Status> remove_workspace(WorkspaceId workspace, bool with_runs);

 private:
  io::Task<Status> remove_stores(std::vector<RunId> runs);

  Parts& parts_;
  KnownRuns& known_;
};

}  // namespace stoker::runs
