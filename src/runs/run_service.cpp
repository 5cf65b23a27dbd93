#include "runs/run_service.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "catalog/runs.hpp"
#include "protocol/messages.hpp"
#include "runs/admission.hpp"
#include "runs/dispatcher.hpp"
#include "runs/ingest.hpp"
#include "runs/interactive/interactive.hpp"
#include "runs/ledger.hpp"
#include "runs/live.hpp"
#include "runs/removal.hpp"
#include "runs/secrets/secrets.hpp"
#include "runs/start_message.hpp"
#include "runs/watch.hpp"

namespace stoker::runs {

class RunService::Impl final : public HubOwner {
 public:
  explicit Impl(Parts parts)
      : parts_(std::move(parts)),
        ledger_(parts_.catalog),
        secrets_(parts_.catalog, parts_.clock, parts_.secret),
        ingest_(parts_.loop, parts_.pool, ledger_, secrets_, {parts_.logs, parts_.metrics, parts_.samples}, parts_.feed),
        metric_intake_(parts_.loop, parts_.pool, parts_.metrics, parts_.feed),
        hub_(*this, ingest_, parts_.server_instance),
        tasks_(parts_.loop, "runs"),
        admission_(parts_),
        dispatcher_(parts_, live_, ledger_, tasks_),
        watch_(parts_, live_, ledger_, hub_, tasks_),
        interactive_(parts_, live_, ledger_, watch_),
        known_(parts_.catalog),
        metric_index_(parts_.loop, parts_.pool, parts_.catalog, parts_.metrics),
        removal_(parts_, known_) {
    for (const auto& [name, target] : parts_.targets) live_.lines[name].target = target.get();
    ledger_.on_change([this](const Ledger::Change& change) { changed(change); });
  }

  io::Task<Status> start();
  io::Task<void> stop();
  io::Task<Result<std::vector<Run>>> submit(std::vector<Submission> submissions, std::optional<std::string> key, bool is_batch);
  io::Task<Result<Run>> cancel(RunId run, std::string by);
  io::Task<Result<Explanation>> explain(RunId run);
  io::Task<Status> log_metrics(RunId run, MetricCall call);
  io::Task<Status> log_points(RunId run, std::vector<MetricPoint> points);
  Counts counts() const;

  io::Task<Result<Standing>> standing(RunId run, int attempt) override;
  void supervisor_attached(const std::string&) override { watch_.kick(); }
  void supervisor_detached(const std::string& supervisor_id) override;

  Parts& parts() { return parts_; }
  SupervisorHub& hub() { return hub_; }
  Interactive& interactive() { return interactive_; }
  Removal& removal() { return removal_; }
  KnownRuns& known() { return known_; }
  MetricIndex& metric_index() { return metric_index_; }
  Secrets& secrets() { return secrets_; }

 private:
  void changed(const Ledger::Change& change);
  void note_place(const Run& run, const targets::Handle& handle);
  void begin_cancel(Place& place);
  void free_place(const Run& run);
  io::Task<void> release(std::string target, targets::Handle handle);
  io::Task<Status> resume(Run run);
  io::Task<Status> say(RunId run, Event event);
  io::Task<Status> note_roots(const std::vector<Run>& runs);

  Parts parts_;
  Live live_;
  Ledger ledger_;
  Secrets secrets_;
  Ingest ingest_;
  MetricIntake metric_intake_;
  SupervisorHub hub_;
  io::TaskGroup tasks_;
  Admission admission_;
  Dispatcher dispatcher_;
  Watch watch_;
  Interactive interactive_;
  KnownRuns known_;
  MetricIndex metric_index_;
  Removal removal_;
};

io::Task<Status> RunService::Impl::start() {
  CO_CHECK_OK(co_await removal_.finish());
  auto load = [](db::Connection& connection) { return catalog::live_runs(connection); };
  CO_TRY(auto runs, co_await parts_.catalog.read(std::move(load)));
  const auto count = runs.size();
  CO_CHECK_OK(co_await note_roots(runs));
  for (auto& run : runs) CO_CHECK_OK(co_await resume(std::move(run)));
  if (count > 0) log::info("runs", "live runs found", {{"runs", count}, {"placed", live_.places.size()}});
  tasks_.spawn("dispatch", dispatcher_.run());
  tasks_.spawn("watch", watch_.run());
  tasks_.spawn("index", metric_index_.run());
  co_return ok();
}

/// A live run of the catalog, after a restart of the server: back into its line or its place.
io::Task<Status> RunService::Impl::resume(Run run) {
  if (run.spec.kind == RunKind::kInteractive) {
    interactive_.resume(run);
    co_return ok();
  }
  auto* line = live_.line_of(run.spec.target);
  const auto gone = fmt::format("the target \"{}\" is not there any more", run.spec.target);
  if (run.state == RunState::kNotStarted) {
    std::vector<Mistake> mistakes;
    if (line == nullptr) mistakes.push_back({"target", gone});
    else check_fits(run.spec.resources, line->target->capacity(), run.spec.target, "resources", mistakes);
    if (mistakes.empty()) dispatcher_.enqueue(run);
    else co_return co_await say(run.id, {.kind = EventKind::kStartFailed, .at = parts_.clock.now(), .message = mistakes.front().message});
    co_return ok();
  }
  auto handle = targets::parse_handle(run.handle);
  if (line == nullptr || !handle) {
    const auto why = line == nullptr ? gone : handle.error().message();
    co_return co_await say(run.id, {.kind = EventKind::kLost, .at = parts_.clock.now(), .attempt = run.attempt, .message = why});
  }
  line->usage.take({.run = run.id, .order = 0, .resources = run.spec.resources, .gpu_indices = run.gpu_indices, .slot = handle->slot});
  note_place(run, *handle);
  if (run.cancel_requested) begin_cancel(*live_.place_of(run.id));
  co_return ok();
}

/// Their programs are told the top of their tree; a sweep's thousand children have one parent, which is asked for once.
io::Task<Status> RunService::Impl::note_roots(const std::vector<Run>& runs) {
  std::map<RunId, RunId> roots;  // by parent
  for (const auto& run : runs) {
    if (run.spec.parent && run.spec.kind == RunKind::kScript) roots.emplace(*run.spec.parent, *run.spec.parent);
  }
  if (roots.empty()) co_return ok();
  auto climb = [roots](db::Connection& connection) mutable -> Result<std::map<RunId, RunId>> {
    for (auto& [parent, root] : roots) {
      TRY(root, catalog::find_root(connection, parent));
    }
    return std::move(roots);
  };
  CO_TRY(roots, co_await parts_.catalog.read(std::move(climb)));
  for (const auto& run : runs) {
    if (run.spec.parent && run.spec.kind == RunKind::kScript) live_.roots.insert_or_assign(run.id, roots.at(*run.spec.parent));
  }
  co_return ok();
}

io::Task<Status> RunService::Impl::say(RunId run, Event event) {
  CO_CHECK_OK(co_await ledger_.apply(run, std::move(event)));
  co_return ok();
}

io::Task<void> RunService::Impl::stop() {
  hub_.quit_idle();
  tasks_.cancel();
  co_await tasks_.join();
  co_await ingest_.stop();
  co_await metric_intake_.stop();
}

io::Task<Result<std::vector<Run>>> RunService::Impl::submit(std::vector<Submission> submissions, std::optional<std::string> key, bool is_batch) {
  CO_TRY(auto admitted, co_await admission_.admit(std::move(submissions), std::move(key), is_batch));
  if (admitted.is_new) {
    CO_CHECK_OK(co_await note_roots(admitted.runs));
    for (const auto& run : admitted.runs) dispatcher_.enqueue(run);
  }
  co_return std::move(admitted.runs);
}

io::Task<Result<Run>> RunService::Impl::cancel(RunId run, std::string by) {
  Event event{.kind = EventKind::kCancelAsked, .at = parts_.clock.now(), .by = std::move(by)};
  CO_TRY(auto answer, co_await ledger_.apply(run, std::move(event)));
  const bool ended_otherwise = answer.refused == Refusal::kEnded && answer.run.state != RunState::kCanceled;
  if (ended_otherwise) co_return Error(ErrorCode::kWrongState, fmt::format("run {} has ended already: {}", run.text(), to_text(answer.run.state)));
  co_return std::move(answer.run);
}

io::Task<Result<Explanation>> RunService::Impl::explain(RunId id) {
  auto load = [id](db::Connection& connection) { return catalog::find_run(connection, id); };
  CO_TRY(const auto run, co_await parts_.catalog.read(std::move(load)));
  Circumstances known;
  if (const auto* line = live_.line_of(run.spec.target)) {
    known.ahead = line->queue.ahead_of(id);
    if (known.ahead && line->head_waits) known.waits.push_back(*line->head_waits);
    if (known.ahead) known.start_trouble = line->trouble;
  }
  if (const auto* place = live_.place_of(id)) known.supervisor_attached = hub_.is_attached(place->handle.supervisor_id);
  co_return runs::explain(run, known, parts_.clock.now());
}

io::Task<Status> RunService::Impl::log_metrics(RunId id, MetricCall call) {
  auto look = [id](db::Connection& connection) -> Result<RunState> {
    TRY(const auto mark, catalog::look_up_run_mark(connection, id));
    if (!mark) return catalog::find_run(connection, id).error();
    return mark->state;
  };
  CO_TRY(const auto state, co_await parts_.catalog.read(std::move(look)));
  if (!is_terminal(state)) {
    CO_CHECK_OK(co_await metric_intake_.take(id, std::move(call)));
    co_return co_await interactive_.heard(id);
  }
  auto& metrics = parts_.metrics;
  auto find = [&metrics, id, writer = call.writer] { return metrics.last_call(id, writer); };
  CO_TRY(const auto last, co_await io::blocking(parts_.pool, std::move(find)));
  if (call.sequence <= last) co_return ok();
  co_return Error(ErrorCode::kWrongState, fmt::format("run {} has ended already ({}) and takes no more metrics", id.text(), to_text(state)))
      .hint("log before the run is completed");
}

io::Task<Status> RunService::Impl::log_points(RunId id, std::vector<MetricPoint> points) {
  MetricCall call{.writer = {}, .sequence = 0, .points = std::move(points)};
  CO_CHECK_OK(co_await metric_intake_.take(id, std::move(call)));
  co_return co_await interactive_.heard(std::move(id));
}

Counts RunService::Impl::counts() const {
  Counts counts;
  counts.queued = static_cast<std::int64_t>(live_.placing);
  counts.running = static_cast<std::int64_t>(live_.places.size());
  for (const auto& [name, line] : live_.lines) {
    const auto capacity = line.target->capacity();
    counts.queued += static_cast<std::int64_t>(line.queue.size());
    counts.cpus += capacity.cpus;
    counts.gpus += static_cast<int>(capacity.gpus.size());
    counts.cpus_used += line.usage.cpus();
    counts.gpus_used += line.usage.gpus();
  }
  return counts;
}

io::Task<Result<HubOwner::Standing>> RunService::Impl::standing(RunId run, int attempt) {
  auto load = [run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
  CO_TRY(const auto mark, co_await parts_.catalog.read(std::move(load)));
  Standing standing;
  if (!mark || mark->attempt != attempt) co_return standing;
  standing.ended = is_terminal(mark->state);
  standing.current = !standing.ended;
  standing.acked = static_cast<std::uint64_t>(mark->journal_acked);
  co_return standing;
}

void RunService::Impl::supervisor_detached(const std::string& supervisor_id) {
  for (auto& [run, place] : live_.places) {
    if (place.handle.supervisor_id == supervisor_id) place.detached_since = parts_.clock.monotonic();
  }
  watch_.kick();
}

/// What follows from a stored change. The only place that moves the live runs in memory.
void RunService::Impl::changed(const Ledger::Change& change) {
  const auto& run = change.run;
  if (has(change.effects, Effect::kLeaveQueue)) {
    if (auto* line = live_.line_of(run.spec.target); line != nullptr && line->queue.remove(run.id)) dispatcher_.kick();
  }
  if (has(change.effects, Effect::kSendStart)) {
    if (auto handle = targets::parse_handle(run.handle)) note_place(run, *handle);
    else log::error("runs", "a target gave a handle that cannot be read", {{"run", run.id.text()}, {"cause", handle.error().to_line()}});
  }
  if (auto* session = live_.session_of(run.id)) {
    session->state = run.state;
    watch_.kick();
  }
  if (is_terminal(run.state)) {
    live_.sessions.erase(run.id);
    live_.roots.erase(run.id);
  }
  if (auto* place = live_.place_of(run.id); place != nullptr) {
    place->run = run;
    if (has(change.effects, Effect::kSendCancel)) begin_cancel(*place);
  }
  if (has(change.effects, Effect::kFreePlace)) free_place(run);
  if (has(change.effects, Effect::kSettle))
    log::info("runs", "run ended", {{"run", run.id.text()}, {"state", to_text(run.state)}, {"end", run.end ? run.end->message : std::string()}});
  parts_.feed.notify(run.id);
}

void RunService::Impl::note_place(const Run& run, const targets::Handle& handle) {
  live_.places.insert_or_assign(run.id, Place{.run = run, .handle = handle, .detached_since = parts_.clock.monotonic()});
  auto start = [this, id = run.id] {
    const auto& run = live_.places.at(id).run;
    const auto* line = live_.line_of(run.spec.target);
    const auto gpus = line == nullptr ? 0 : static_cast<std::int64_t>(line->target->capacity().gpus.size());
    return start_message(run, live_.root_of(id), gpus, parts_.run_token(run.id, run.attempt), parts_.server_url());
  };
  hub_.assign(handle.supervisor_id, run.id, run.attempt, static_cast<std::uint64_t>(run.journal_acked), std::move(start));
  watch_.kick();
}

void RunService::Impl::begin_cancel(Place& place) {
  place.cancel_since = parts_.clock.monotonic();
  hub_.cancel(place.handle.supervisor_id,
              {.run = place.run.id, .attempt = place.run.attempt, .grace_seconds = place.run.spec.grace_seconds, .by = place.run.cancel_by});
  watch_.kick();
}

void RunService::Impl::free_place(const Run& run) {
  const auto at = live_.places.find(run.id);
  if (at == live_.places.end()) return;
  const auto handle = at->second.handle;
  live_.places.erase(at);
  hub_.release(handle.supervisor_id, run.id, run.attempt);
  if (auto* line = live_.line_of(run.spec.target)) line->usage.free(run.id);
  tasks_.spawn("release " + run.id.text(), release(run.spec.target, handle));
  dispatcher_.kick();
}

io::Task<void> RunService::Impl::release(std::string target, targets::Handle handle) {
  auto* line = live_.line_of(target);
  const auto released = co_await line->target->release(handle);
  if (!released) log::warning("runs", "a place could not be given back", {{"target", target}, {"cause", released.error().to_line()}});
}

RunService::RunService(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
RunService::~RunService() = default;
io::Task<Status> RunService::start() { return impl_->start(); }
io::Task<void> RunService::stop() { return impl_->stop(); }

io::Task<Result<Run>> RunService::submit(Submission submission, std::optional<std::string> idempotency_key) {
  std::vector<Submission> submissions;
  submissions.push_back(std::move(submission));
  CO_TRY(auto runs, co_await impl_->submit(std::move(submissions), std::move(idempotency_key), false));
  co_return std::move(runs.front());
}

io::Task<Result<std::vector<Run>>> RunService::submit_batch(std::vector<Submission> submissions) {
  return impl_->submit(std::move(submissions), std::nullopt, true);
}
io::Task<Result<Run>> RunService::cancel(RunId run, std::string by) { return impl_->cancel(std::move(run), std::move(by)); }
io::Task<Result<Explanation>> RunService::explain(RunId run) { return impl_->explain(std::move(run)); }
Counts RunService::counts() const { return impl_->counts(); }
io::Task<Result<std::vector<Run>>> RunService::begin_interactive(std::vector<InteractiveWish> wishes, std::optional<std::string> idempotency_key) {
  return impl_->interactive().begin(std::move(wishes), std::move(idempotency_key));
}
io::Task<Result<Run>> RunService::open_interactive(RunId run) { return impl_->interactive().open(std::move(run)); }
io::Task<Result<Run>> RunService::end_interactive(RunId run, bool well, std::optional<RunError> error) {
  return impl_->interactive().end(std::move(run), well, std::move(error));
}
io::Task<Result<RunState>> RunService::heartbeat(RunId run) { return impl_->interactive().heartbeat(std::move(run)); }
io::Task<Status> RunService::log_metrics(RunId run, MetricCall call) { return impl_->log_metrics(std::move(run), std::move(call)); }
io::Task<Status> RunService::log_points(RunId run, std::vector<MetricPoint> points) { return impl_->log_points(std::move(run), std::move(points)); }
io::Task<Result<Run>> RunService::note_word(RunId run, Word word) { return impl_->interactive().note(std::move(run), std::move(word)); }
io::Task<Status> RunService::heard(RunId run) { return impl_->interactive().heard(std::move(run)); }
io::Task<Status> RunService::remove(RunId run, bool with_children) { return impl_->removal().remove(std::move(run), with_children); }
io::Task<Status> RunService::remove_workspace(WorkspaceId workspace, bool with_runs) {
  return impl_->removal().remove_workspace(std::move(workspace), with_runs);
}
Secrets& RunService::secrets() { return impl_->secrets(); }
SupervisorHub& RunService::hub() { return impl_->hub(); }
KnownRuns& RunService::known() { return impl_->known(); }
MetricIndex& RunService::metric_index() { return impl_->metric_index(); }
RunFeed& RunService::feed() { return impl_->parts().feed; }

const targets::Target* RunService::target(const std::string& name) const {
  const auto& targets = impl_->parts().targets;
  const auto at = targets.find(name);
  return at == targets.end() ? nullptr : at->second.get();
}

std::vector<std::string> RunService::target_names() const {
  std::vector<std::string> names;
  for (const auto& [name, target] : impl_->parts().targets) names.push_back(name);
  return names;
}

}  // namespace stoker::runs
