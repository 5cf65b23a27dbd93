#pragma once
// Whether a run is there and may be written to, from memory: who logs a metric each millisecond asks the catalog once. Single loop. Whoever
// archives, brings back or deletes a run says so here when it is done, before it answers.

#include <optional>
#include <unordered_map>

#include "catalog/catalog.hpp"
#include "domain/run.hpp"

namespace stoker::runs {

class KnownRuns {
 public:
  struct Known {
    WorkspaceId workspace;
    RunKind kind = RunKind::kScript;
    bool is_archived = false;
  };
  explicit KnownRuns(catalog::Catalog& catalog) : catalog_(catalog) {}

  /// nullopt: there is no such run.
  io::Task<Result<std::optional<Known>>> find(RunId run);
  void forget(const RunId& run);
  void forget_all();

 private:
  catalog::Catalog& catalog_;
  std::unordered_map<RunId, Known> runs_;
  std::uint64_t generation_ = 0;  // an answer that was on its way when something was forgotten is not kept
};

}  // namespace stoker::runs
