#pragma once
// Secrets of workspaces: kept sealed in the catalog, given out by name, and known here in the clear for the masking of logs, from the first
// output of a run in their workspace on. Single loop; a Mask is passed to the threads of the pool.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "catalog/catalog.hpp"
#include "catalog/secrets.hpp"
#include "runs/secrets/mask.hpp"
#include "runs/secrets/vault.hpp"

namespace stoker::runs {

class Secrets {
 public:
  Secrets(catalog::Catalog& catalog, const Clock& clock, std::string_view key) : catalog_(catalog), clock_(clock), vault_(key) {}

  /// Adds or overwrites. kInvalidInput: the name or a value over 64 KiB; kNotFound: the workspace.
  io::Task<Status> put(WorkspaceId workspace, std::string name, std::string value);
  /// kNotFound, with the nearest name.
  io::Task<Result<std::string>> get(WorkspaceId workspace, std::string name);
  io::Task<Status> remove(WorkspaceId workspace, std::string name);
  /// Names and times.
  io::Task<Result<std::vector<catalog::Secret>>> list(WorkspaceId workspace);
  /// What must not stand in the log of the run; never null. A value that was set is masked from then on, one that was deleted no more.
  io::Task<Result<std::shared_ptr<const Mask>>> mask_for(RunId run);
  void forget(const RunId& run) { workspaces_.erase(run); }

 private:
  io::Task<Result<std::shared_ptr<const Mask>>> mask_of(WorkspaceId workspace);
  void changed(const WorkspaceId& workspace);

  catalog::Catalog& catalog_;
  const Clock& clock_;
  const Vault vault_;
  std::unordered_map<RunId, WorkspaceId> workspaces_;  // of runs that write
  std::unordered_map<WorkspaceId, std::shared_ptr<const Mask>> masks_;
  std::uint64_t changes_ = 0;  // of any secret
};

}  // namespace stoker::runs
