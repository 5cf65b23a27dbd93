#include "mlflow/run_access.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "api/reach.hpp"

namespace stoker::mlflow {
namespace {

io::Task<Result<runs::KnownRuns::Known>> find(Request& request, RunId run, bool write) {
  CO_CHECK_OK(co_await api::check_run_reach(request.call, run, write));
  CO_TRY(const auto known, co_await request.services().runs.known().find(run));
  if (!known || known->workspace != request.workspace) co_return no_run(run.text());
  co_return *known;
}

}  // namespace

Error no_run(std::string_view id) { return {ErrorCode::kNotFound, fmt::format("Run with id={} not found", to_valid_utf8(id))}; }

Error deleted_run(std::string_view id) {
  return {ErrorCode::kInvalidInput, fmt::format("The run {} must be in the 'active' state. Current state is deleted.", id)};
}

io::Task<Status> check_readable(Request& request, RunId run) {
  CO_CHECK_OK(co_await find(request, std::move(run), false));
  co_return ok();
}

io::Task<Result<runs::KnownRuns::Known>> check_writable(Request& request, RunId run) {
  CO_TRY(auto known, co_await find(request, run, true));
  if (known.is_archived) co_return deleted_run(run.text());
  co_return std::move(known);
}

io::Task<Result<catalog::TrackedRun>> read_run(Request& request, RunId run) {
  auto& metrics = request.services().metrics;
  auto read = [run, workspace = request.workspace, &metrics](db::Connection& connection) -> Result<catalog::TrackedRun> {
    TRY(const auto pk, catalog::find_tracked(connection, workspace, run));
    if (!pk) return no_run(run.text());
    TRY(auto found, catalog::read_tracked(connection, std::span(&*pk, 1)));
    if (found.empty()) return no_run(run.text());
    TRY(const auto latest, metrics.latest(run));
    auto& one = found.front();
    one.metrics.clear();
    for (const auto& metric : latest) one.metrics.push_back({.key = metric.name, .value = metric.value, .step = metric.step, .time = metric.time});
    std::ranges::sort(one.metrics, {}, &catalog::LatestMetric::key);
    return std::move(one);
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

}  // namespace stoker::mlflow
