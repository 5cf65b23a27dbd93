#include "api/handlers/run_keeping.hpp"

#include "catalog/events.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

io::Task<Result<Run>> set_archived(Call& call, RunId run, std::string by, bool is_archived) {
  const auto now = call.services.clock.now();
  auto write = [run, now, is_archived, by = name_of(call.caller, by)](db::Transaction& transaction) -> Result<Run> {
    TRY(auto before, catalog::find_run(transaction, run));
    if (before.archived_at.has_value() == is_archived) return before;
    CHECK_OK(catalog::set_archived(transaction, run, is_archived ? std::optional(now) : std::nullopt));
    CHECK_OK(tell(transaction, run, now, is_archived ? "archived" : "restored", by));
    return catalog::find_run(transaction, run);
  };
  auto changed = co_await call.services.catalog.write(std::move(write));
  call.services.runs.known().forget(run);
  if (changed) call.services.runs.feed().notify(run);
  co_return changed;
}

}  // namespace

std::string name_of(const Caller& caller, const std::string& by) { return caller.kind == Caller::Kind::kRun ? "run " + caller.run.text() : by; }

Status tell(db::Transaction& transaction, const RunId& run, Time now, const std::string& what, const std::string& by, json::object more) {
  auto message = by.empty() ? what : what + " by " + by;
  more["what"] = what;
  more["by"] = by;
  const catalog::RunEvent event{.time = now, .kind = "change", .message = std::move(message), .data = std::move(more)};
  CHECK_OK(catalog::append_event(transaction, run, event));
  return ok();
}

const Spec<ArchiveRun::Input>& ArchiveRun::spec() {
  static const auto spec = Spec<Input>("Puts a run away: lists leave it out. Twice is the same as once.")
                               .path("run", &Input::run, "the run's id")
                               .json_field("by", &Input::by, "who does it", {.longest = 256})
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> ArchiveRun::process(Call& call, Input input) { return set_archived(call, std::move(input.run), std::move(input.by), true); }

const Spec<RestoreRun::Input>& RestoreRun::spec() {
  static const auto spec = Spec<Input>("Brings an archived run back.")
                               .path("run", &Input::run, "the run's id")
                               .json_field("by", &Input::by, "who does it", {.longest = 256})
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> RestoreRun::process(Call& call, Input input) { return set_archived(call, std::move(input.run), std::move(input.by), false); }

const Spec<DeleteRun::Input>& DeleteRun::spec() {
  static const auto spec = Spec<Input>("Deletes an ended run for good, with log, metrics, files and events.")
                               .path("run", &Input::run, "the run's id")
                               .query("children", &Input::children, "true: with all runs below it; else one that has children is refused")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteRun::process(Call& call, Input input) {
  CO_CHECK_OK(co_await call.services.runs.remove(std::move(input.run), input.children));
  Reply reply;
  reply.status = 204;
  co_return reply;
}

}  // namespace stoker::api
