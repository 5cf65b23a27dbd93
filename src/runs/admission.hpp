#pragma once
// Whether a specification may become a run, and its making. All mistakes at once, nothing half-made, durable before the answer.

#include <optional>
#include <string>
#include <vector>

#include "runs/run_service.hpp"

namespace stoker::runs {

/// A run as it is before it is stored, but for its id.
Run new_run(const RunSpec& spec, Time now, Random& random);
/// Into its workspace (a personal server makes one that is new) and experiment, with its first event.
Result<Run> insert_new_run(db::Transaction& transaction, Run run, bool personal, Random& random);

class Admission {
 public:
  explicit Admission(Parts& parts) : parts_(parts) {}

  /// Stores the runs, all or none, in one transaction. With a key (one specification only) the run that the key made before, if it did.
  /// `is_new` of the answer tells whether they were made now.
  struct Admitted {
    std::vector<Run> runs;
    bool is_new = true;
  };
  io::Task<Result<Admitted>> admit(std::vector<Submission> submissions, std::optional<std::string> key, bool is_batch);

 private:
  io::Task<Status> check(const std::vector<RunSpec>& specs, bool is_batch);
  io::Task<Status> check_snapshots(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes);
  io::Task<Status> check_environments(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes);
  void check_targets(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) const;
  io::Task<Status> check_catalog(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes);

  Parts& parts_;
};

}  // namespace stoker::runs
