#pragma once
// The run that a request names: is it there, does the token reach it, may it be written to.

#include <string>

#include "catalog/tracking/tracked_run.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

/// "Run with id=… not found"
Error no_run(std::string_view id);
/// "The run … must be in the 'active' state. Current state is deleted."
Error deleted_run(std::string_view id);

/// It is in the workspace and the token reads it.
io::Task<Status> check_readable(Request& request, RunId run);
/// The token writes it, and it is not deleted. From memory where it was asked before.
io::Task<Result<runs::KnownRuns::Known>> check_writable(Request& request, RunId run);

/// With everything, metrics as they are on disk this moment. kNotFound.
io::Task<Result<catalog::TrackedRun>> read_run(Request& request, RunId run);

/// `write(transaction, pk of the run)` in one transaction. Everybody who follows the run hears of it. kNotFound.
template <class Fn>
io::Task<std::invoke_result_t<Fn&, db::Transaction&, std::int64_t>> write_run(Request& request, RunId run, Fn write) {
  using Value = std::invoke_result_t<Fn&, db::Transaction&, std::int64_t>;
  auto work = [run, workspace = request.workspace, write = std::move(write)](db::Transaction& transaction) mutable -> Value {
    TRY(const auto pk, catalog::find_tracked(transaction, workspace, run));
    if (!pk) return no_run(run.text());
    return write(transaction, *pk);
  };
  auto written = co_await request.services().catalog.write(std::move(work));
  if (written) request.services().runs.feed().notify(run);
  co_return written;
}

}  // namespace stoker::mlflow
