#include "api/reach.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::api {
namespace {

constexpr int kMaxAncestors = 64;

Error beyond_reach() {
  return Error(ErrorCode::kForbidden, "this token does not reach that run").hint("the token of a run reaches that run and the runs below it");
}

/// The token of an attempt that is over reads what it could read, and writes nothing.
io::Task<Status> check_live(const Call& call) {
  const auto& caller = call.caller;
  auto read = [run = caller.run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
  CO_TRY(const auto mark, co_await call.services.catalog.read(std::move(read)));
  if (!mark) co_return beyond_reach();
  if (is_terminal(mark->state))
    co_return Error(ErrorCode::kForbidden, "the run of this token is over").hint("what is to be kept must be written before the run ends");
  if (mark->attempt != caller.attempt) co_return Error(ErrorCode::kForbidden, "this token is of an attempt that is over");
  co_return ok();
}

enum class Wish : std::uint8_t { kWrite, kRead, kReadRecord };

/// Of the runs above it, a run reads the record: `run.parent`.
io::Task<Status> check_run(Call& call, RunId run, Wish wish) {
  const auto own = call.caller.run;
  if (run != own) {
    CO_TRY(bool reaches, co_await is_at_or_below(call.services.catalog, own, run));
    if (!reaches && wish == Wish::kReadRecord) {
      CO_TRY(reaches, co_await is_at_or_below(call.services.catalog, run, own));
    }
    if (!reaches) co_return beyond_reach();
  }
  if (wish != Wish::kWrite) co_return ok();
  co_return co_await check_live(call);
}

io::Task<Status> check_supervisor(Call& call, RunId run) {
  auto read = [run](db::Connection& connection) { return catalog::look_up_run(connection, run); };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  const auto* handle = found && !is_terminal(found->state) ? found->handle.if_object() : nullptr;
  const auto* supervisor = handle != nullptr ? handle->if_contains("supervisor") : nullptr;
  const bool own = supervisor != nullptr && supervisor->is_string() && std::string_view(supervisor->get_string()) == call.caller.supervisor;
  if (!own) co_return Error(ErrorCode::kForbidden, "this supervisor does not have that run");
  co_return ok();
}

io::Task<Status> check_child(Call& call, const RunSpec& spec) {
  if (!spec.parent) co_return Error(ErrorCode::kForbidden, "the token of a run makes only runs below it").hint("set `parent` to the run's own id");
  CO_CHECK_OK(co_await check_run(call, *spec.parent, Wish::kWrite));
  auto read = [run = call.caller.run](db::Connection& connection) -> Result<WorkspaceName> {
    TRY(const auto parent, catalog::find_run(connection, run));
    TRY(auto workspace, catalog::find_workspace(connection, parent.workspace));
    return workspace.name;
  };
  CO_TRY(const auto workspace, co_await call.services.catalog.read(std::move(read)));
  if (spec.workspace != workspace) co_return Error(ErrorCode::kForbidden, "a run makes runs only in its own workspace");
  co_return ok();
}

/// Runs execute as the user of the server, so whoever reaches a root server's port would become root.
io::Task<Status> check_peer(Call& call) {
  if (geteuid() != 0) co_return ok();
  const auto uid = co_await call.peer.uid();
  if (uid.value_or(0) == 0) co_return ok();
  co_return Error(ErrorCode::kForbidden,
                  fmt::format("this server belongs to root, and you are the user with id {}: the run would execute as root", *uid))
      .hint("unset STOKER_URL, so that a server of your own is started, or ask an administrator to run the server as an ordinary user");
}

}  // namespace

io::Task<Result<bool>> is_at_or_below(catalog::Catalog& catalog, RunId ancestor, RunId run) {
  auto climb = [ancestor, run](db::Connection& connection) -> Result<bool> {
    auto at = run;
    for (int step = 0; step < kMaxAncestors; ++step) {
      if (at == ancestor) return true;
      TRY(const auto found, catalog::look_up_run(connection, at));
      if (!found || !found->spec.parent) return false;
      at = *found->spec.parent;
    }
    return false;
  };
  co_return co_await catalog.read(std::move(climb));
}

io::Task<Status> check_reach(Call& call, const Route& route) {
  const RunId run{std::string(call.parameter("run"))};
  if (call.caller.kind == Caller::Kind::kRun) {
    const auto wish = route.method != Method::kGet ? Wish::kWrite : route.name == "get_run" ? Wish::kReadRecord : Wish::kRead;
    if (!run.empty()) co_return co_await check_run(call, run, wish);
    if (wish == Wish::kWrite) co_return co_await check_live(call);
  }
  if (call.caller.kind == Caller::Kind::kSupervisor && !run.empty()) co_return co_await check_supervisor(call, run);
  co_return ok();
}

io::Task<Status> check_run_reach(Call& call, RunId run, bool write) {
  if (call.caller.kind != Caller::Kind::kRun) co_return ok();
  co_return co_await check_run(call, std::move(run), write ? Wish::kWrite : Wish::kRead);
}

io::Task<Status> check_submitter(Call& call, const std::vector<RunSpec>& specs) {
  const bool starts_programs = std::ranges::any_of(specs, [](const RunSpec& spec) { return spec.kind == RunKind::kScript; });
  if (starts_programs) CO_CHECK_OK(co_await check_peer(call));
  if (call.caller.kind != Caller::Kind::kRun) co_return ok();
  for (const auto& spec : specs) CO_CHECK_OK(co_await check_child(call, spec));
  co_return ok();
}

io::Task<Status> check_workspace(Call& call, WorkspaceId workspace) {
  if (call.caller.kind != Caller::Kind::kRun) co_return ok();
  auto read = [run = call.caller.run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
  CO_TRY(const auto mark, co_await call.services.catalog.read(std::move(read)));
  if (mark && mark->workspace == workspace) co_return ok();
  co_return Error(ErrorCode::kForbidden, "this token does not reach that workspace").hint("the token of a run reaches the workspace of that run");
}

io::Task<Status> check_experiment(Call& call, WorkspaceId workspace, std::string experiment) {
  if (call.caller.kind != Caller::Kind::kRun) co_return ok();
  auto read = [run = call.caller.run](db::Connection& connection) { return catalog::look_up_run(connection, run); };
  CO_TRY(const auto run, co_await call.services.catalog.read(std::move(read)));
  if (run && run->workspace == workspace && run->experiment_name == experiment) co_return ok();
  co_return Error(ErrorCode::kForbidden, "this token does not reach that experiment").hint("the token of a run reaches the experiment of that run");
}

}  // namespace stoker::api
