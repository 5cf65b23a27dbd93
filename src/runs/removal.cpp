#include "runs/removal.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "catalog/removals.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::runs {
namespace {

/// So many rows of runs go in one transaction: everybody who writes waits behind it.
constexpr std::size_t kAtOnce = 100;
constexpr std::size_t kMostDescendants = 10'000;

Error still_lives(const RunId& run, RunState state) {
  return Error(ErrorCode::kWrongState, fmt::format("run {} has not ended: {}", run.text(), to_text(state)))
      .hint(fmt::format("`stoker run cancel {}` ends it", run.text()));
}

Status check_ended(db::Connection& connection, const RunId& run) {
  TRY(const auto mark, catalog::look_up_run_mark(connection, run));
  if (!mark) return catalog::find_run(connection, run).error();
  if (!is_terminal(mark->state)) return still_lives(run, mark->state);
  return ok();
}

/// The run and everything below it, children before their parents.
Result<std::vector<RunId>> family_of(db::Connection& connection, const RunId& run) {
  std::vector<RunId> family{run};
  for (std::size_t at = 0; at < family.size(); ++at) {
    catalog::RunFilter filter;
    filter.parent = family[at];
    filter.view = catalog::RunView::kAll;
    for (std::optional<std::string> cursor = std::string(); cursor;) {
      TRY(const auto page, catalog::list_runs(connection, filter, 1000, *cursor));
      for (const auto& child : page.runs) family.push_back(child.id);
      cursor = page.next_cursor;
      if (family.size() > kMostDescendants)
        return Error(ErrorCode::kInputTooLarge, fmt::format("there are more than {} runs below {}", kMostDescendants, run.text()))
            .hint("delete those below first");
    }
  }
  std::ranges::reverse(family);
  return family;
}

Result<std::vector<RunId>> remove_rows(db::Transaction& transaction, const RunId& run, bool with_children) {
  std::vector<RunId> leaving{run};
  if (with_children) {
    TRY(leaving, family_of(transaction, run));
  }
  for (const auto& one : leaving) CHECK_OK(check_ended(transaction, one));
  for (const auto& one : leaving) CHECK_OK(catalog::remove_run(transaction, one));
  return leaving;
}

Result<std::vector<RunId>> remove_some(db::Transaction& transaction, const WorkspaceId& workspace) {
  TRY(const auto live, catalog::live_run_of_workspace(transaction, workspace));
  if (live) return Error(ErrorCode::kConflict, fmt::format("the workspace has live runs, {} among them", live->text())).hint("cancel them first");
  TRY(auto leaving, catalog::newest_runs_of_workspace(transaction, workspace, kAtOnce));
  for (const auto& run : leaving) CHECK_OK(catalog::remove_run(transaction, run));
  return leaving;
}

}  // namespace

io::Task<Status> Removal::remove_stores(std::vector<RunId> runs) {
  for (const auto& run : runs) known_.forget(run);
  auto& parts = parts_;
  auto work = [&parts, &runs]() -> Status {
    for (const auto& run : runs) {
      CHECK_OK(parts.logs.remove(run));
      CHECK_OK(parts.metrics.remove(run));
      CHECK_OK(parts.samples.remove(run));
    }
    return ok();
  };
  CO_CHECK_OK(co_await io::blocking(parts_.pool, std::move(work)));
  auto forget = [runs](db::Transaction& transaction) -> Status {
    for (const auto& run : runs) CHECK_OK(catalog::forget_removal(transaction, run));
    return ok();
  };
  CO_CHECK_OK(co_await parts_.catalog.write(std::move(forget)));
  for (const auto& run : runs) {
    parts_.feed.notify(run);
    log::info("runs", "run deleted", {{"run", run.text()}});
  }
  co_return ok();
}

io::Task<Status> Removal::finish() {
  auto read = [](db::Connection& connection) { return catalog::runs_being_removed(connection); };
  CO_TRY(auto runs, co_await parts_.catalog.read(std::move(read)));
  if (runs.empty()) co_return ok();
  co_return co_await remove_stores(std::move(runs));
}

io::Task<Status> Removal::remove(RunId run, bool with_children) {
  auto work = [run, with_children](db::Transaction& transaction) { return remove_rows(transaction, run, with_children); };
  CO_TRY(auto gone, co_await parts_.catalog.write(std::move(work)));
  co_return co_await remove_stores(std::move(gone));
}

io::Task<Status> Removal::remove_workspace(WorkspaceId workspace, bool with_runs) {
  auto find = [workspace](db::Connection& connection) { return catalog::find_workspace(connection, workspace); };
  CO_CHECK_OK(co_await parts_.catalog.read(std::move(find)));
  while (with_runs) {
    auto work = [workspace](db::Transaction& transaction) { return remove_some(transaction, workspace); };
    CO_TRY(auto gone, co_await parts_.catalog.write(std::move(work)));
    if (gone.empty()) break;
    CO_CHECK_OK(co_await remove_stores(std::move(gone)));
  }
  auto last = [workspace](db::Transaction& transaction) { return catalog::remove_workspace(transaction, workspace); };
  co_return co_await parts_.catalog.write(std::move(last));
}

}  // namespace stoker::runs
