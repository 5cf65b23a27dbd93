#include "runs/known_runs.hpp"

#include "catalog/runs.hpp"

namespace stoker::runs {
namespace {

/// Some 2 MB; then it begins anew.
constexpr std::size_t kMost = 10'000;

}  // namespace

io::Task<Result<std::optional<KnownRuns::Known>>> KnownRuns::find(RunId run) {
  if (const auto at = runs_.find(run); at != runs_.end()) co_return std::optional(at->second);
  const auto generation = generation_;
  auto look = [run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
  CO_TRY(const auto mark, co_await catalog_.read(std::move(look)));
  if (!mark) co_return std::optional<Known>();
  Known known{.workspace = mark->workspace, .kind = mark->kind, .is_archived = mark->is_archived};
  if (generation == generation_) {
    if (runs_.size() >= kMost) runs_.clear();
    runs_.insert_or_assign(std::move(run), known);
  }
  co_return std::optional(std::move(known));
}

void KnownRuns::forget(const RunId& run) {
  ++generation_;
  runs_.erase(run);
}

void KnownRuns::forget_all() {
  ++generation_;
  runs_.clear();
}

}  // namespace stoker::runs
