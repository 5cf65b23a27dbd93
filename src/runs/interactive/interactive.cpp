#include "runs/interactive/interactive.hpp"

#include <fmt/format.h>

#include "catalog/idempotency.hpp"
#include "catalog/provenance.hpp"
#include "catalog/removals.hpp"
#include "catalog/runs.hpp"
#include "runs/admission.hpp"
#include "runs/watch.hpp"

namespace stoker::runs {
namespace {

std::string path_of(std::size_t index, std::string_view field) { return fmt::format("runs[{}].{}", index, field); }

/// A request that made several runs has a key for each: the client's own, and its digest with a number, which no header can hold.
std::string key_of(const std::string& key, std::size_t index) { return index == 0 ? key : fmt::format("{}\n{}", sha256(key).hex(), index); }

struct Wishes {
  std::vector<InteractiveWish> list;
  std::optional<std::string> key;
  Digest request;
  Time now;
  bool personal = false;
};

Digest digest_of(const std::vector<InteractiveWish>& wishes) {
  std::string text;
  for (const auto& wish : wishes) {
    text += fmt::format("{}{}{}{}\n", json::serialize(to_json(wish.spec)), wish.id ? wish.id->text() : "", wish.is_open,
                        wish.diff ? wish.diff->object.hex() : "");
  }
  return sha256(text);
}

Status check_parent(db::Transaction& transaction, const RunId& parent, std::size_t index) {
  TRY(const auto mark, catalog::look_up_run_mark(transaction, parent));
  if (!mark) {
    auto error = catalog::find_run(transaction, parent).error();
    return std::move(error).mistakes({{path_of(index, "parent"), fmt::format("there is no run {}", parent.text())}});
  }
  if (!is_terminal(mark->state)) return ok();
  return Error(ErrorCode::kWrongState, fmt::format("run {} has ended already ({}) and gets no more children", parent.text(), to_text(mark->state)))
      .hint("make child runs before the parent is completed");
}

Result<RunId> id_for(db::Transaction& transaction, const InteractiveWish& wish, Random& random) {
  if (wish.id) {
    TRY(const bool leaving, catalog::is_being_removed(transaction, *wish.id));
    if (leaving) return Error(ErrorCode::kConflict, fmt::format("the run {} is being deleted", wish.id->text())).retryable();
    return *wish.id;
  }
  if (wish.spec.parent) return catalog::next_child_id(transaction, *wish.spec.parent);
  return RunId(new_guid(random));
}

/// A child that brings no source runs what its parent runs.
Status take_source(db::Transaction& transaction, InteractiveWish& wish) {
  if (!wish.spec.parent || wish.spec.snapshot || wish.diff) return ok();
  TRY(const auto parent, catalog::find_run(transaction, *wish.spec.parent));
  wish.spec.snapshot = parent.spec.snapshot;
  for (const auto& [key, value] : parent.properties) {
    if (key.starts_with("azureml.git.") || key.starts_with("mlflow.source.git.")) wish.spec.properties.emplace(key, value);
  }
  TRY(wish.diff, catalog::look_up_diff(transaction, parent.id));
  return ok();
}

Result<Run> insert_one(db::Transaction& transaction, InteractiveWish wish, std::size_t index, const Wishes& wishes, Random& random) {
  if (wish.spec.parent && !wish.parent_may_have_ended) CHECK_OK(check_parent(transaction, *wish.spec.parent, index));
  CHECK_OK(take_source(transaction, wish));
  auto run = new_run(wish.spec, wishes.now, random);
  TRY(run.id, id_for(transaction, wish, random));
  if (wish.is_open) run = std::move(apply(std::move(run), {.kind = EventKind::kOpens, .at = wishes.now}).applied->next);
  if (wish.is_open && wish.started_at) run.started_at = wish.started_at;
  if (wish.user) run.user = *wish.user;
  for (const auto& [key, value] : wish.tags) run.tags[key] = value;
  TRY(auto stored, insert_new_run(transaction, std::move(run), wishes.personal, random));
  if (wish.diff) CHECK_OK(catalog::put_diff(transaction, stored.id, *wish.diff));
  return stored;
}

/// The runs that the key made before; nullopt when it is new.
Result<std::optional<std::vector<Run>>> made_before(db::Transaction& transaction, const Wishes& wishes) {
  std::vector<Run> runs;
  for (std::size_t i = 0; wishes.key && i < wishes.list.size(); ++i) {
    TRY(const auto known, catalog::find_by_idempotency_key(transaction, key_of(*wishes.key, i), wishes.request));
    if (!known) break;
    TRY(auto run, catalog::find_run(transaction, *known));
    runs.push_back(std::move(run));
  }
  if (runs.empty()) return std::optional<std::vector<Run>>();
  return std::optional(std::move(runs));
}

Result<std::vector<Run>> insert_all(db::Transaction& transaction, const Wishes& wishes, Random& random) {
  TRY(auto before, made_before(transaction, wishes));
  if (before) return std::move(*before);
  std::vector<Run> runs;
  for (std::size_t i = 0; i < wishes.list.size(); ++i) {
    TRY(auto run, insert_one(transaction, wishes.list[i], i, wishes, random));
    if (wishes.key) CHECK_OK(catalog::add_idempotency_key(transaction, key_of(*wishes.key, i), wishes.request, run.id, wishes.now));
    runs.push_back(std::move(run));
  }
  return runs;
}

Error not_interactive(const RunId& run, std::string_view what) {
  return Error(ErrorCode::kWrongState, fmt::format("run {} is not interactive: its supervisor says how it goes", run.text()))
      .hint(fmt::format("{} is for runs that were begun by start_logging or child_run", what));
}

/// What the word means for a run that its client has.
std::vector<Event> events_of(const Run& run, const Word& word, Time now) {
  const auto at = word.ended_at.value_or(now);
  const bool ended = is_terminal(run.state);
  auto wanted = word.state.value_or(run.state);
  if (!is_terminal(wanted)) {
    if (!word.state || wanted != RunState::kRunning) return {};
    if (ended) return {{.kind = EventKind::kReopens, .at = now, .message = "its client goes on with it"}};
    if (run.state == RunState::kNotStarted) return {{.kind = EventKind::kOpens, .at = now}};
    return {};
  }
  if (ended && wanted == run.state && (!word.ended_at || run.ended_at == word.ended_at)) return {};
  std::vector<Event> events;
  if (ended) events.push_back({.kind = EventKind::kReopens, .at = now, .message = "its client says otherwise"});
  if (wanted == RunState::kCanceled) events.push_back({.kind = EventKind::kCancelAsked, .at = at, .by = word.by});
  else if (wanted == RunState::kFailed) events.push_back({.kind = EventKind::kFails, .at = at, .error = run.error});
  else events.push_back({.kind = EventKind::kCompletes, .at = at});
  return events;
}

/// The same from inside of a run that a supervisor has: it settles at the exit.
std::vector<Event> intents_of(const Run& run, const Word& word, Time now) {
  if (!word.state || !is_terminal(*word.state)) return {};
  const bool well = *word.state == RunState::kCompleted;
  return {{.kind = EventKind::kIntended,
           .at = now,
           .attempt = run.attempt,
           .message = well ? "" : "an MLflow client in it said that it failed",
           .outcome = well ? "completed" : "failed"}};
}

Error has_ended(const Run& run) { return {ErrorCode::kWrongState, fmt::format("run {} has ended already: {}", run.id.text(), to_text(run.state))}; }

}  // namespace

io::Task<Status> Interactive::check_snapshots(const std::vector<InteractiveWish>& wishes) {
  std::vector<Mistake> mistakes;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    if (!wishes[i].spec.snapshot) continue;
    const auto snapshot = *wishes[i].spec.snapshot;
    CO_TRY(const bool exists, co_await parts_.snapshot_exists(snapshot));
    if (!exists) mistakes.push_back({path_of(i, "snapshot"), fmt::format("there is no snapshot {}; upload it first", snapshot.text())});
  }
  co_return mistakes_to_status("the runs cannot be accepted", std::move(mistakes));
}

io::Task<Result<std::vector<Run>>> Interactive::begin(std::vector<InteractiveWish> wishes, std::optional<std::string> key) {
  CO_CHECK_OK(co_await check_snapshots(wishes));
  Wishes all{.list = std::move(wishes), .key = std::move(key), .request = {}, .now = parts_.clock.now(), .personal = parts_.personal};
  all.request = digest_of(all.list);
  auto work = [all = std::move(all), &random = parts_.random](db::Transaction& transaction) { return insert_all(transaction, all, random); };
  co_return co_await parts_.catalog.write(std::move(work));
}

io::Task<Result<Run>> Interactive::open(RunId run) {
  Event event{.kind = EventKind::kOpens, .at = parts_.clock.now()};
  CO_TRY(auto answer, co_await ledger_.apply(run, std::move(event)));
  if (answer.refused == Refusal::kOtherKind) co_return not_interactive(run, "start");
  if (answer.refused == Refusal::kEnded) co_return has_ended(answer.run);
  co_return std::move(answer.run);
}

io::Task<Result<Run>> Interactive::end(RunId run, bool well, std::optional<RunError> error) {
  Event event{.kind = well ? EventKind::kCompletes : EventKind::kFails, .at = parts_.clock.now(), .error = std::move(error)};
  CO_TRY(auto answer, co_await ledger_.apply(run, std::move(event)));
  if (answer.run.spec.kind != RunKind::kInteractive) co_return not_interactive(run, "end");
  const bool is_so = answer.run.state == (well ? RunState::kCompleted : RunState::kFailed);
  if (!is_so) co_return has_ended(answer.run);
  co_return std::move(answer.run);
}

io::Task<Result<Run>> Interactive::note(RunId run, Word word) {
  auto decide = [word = std::move(word), now = parts_.clock.now()](const Run& run) {
    // Whoever sends a run's heartbeats says how it ends, as a supervisor does of a submitted one.
    return run.spec.kind == RunKind::kInteractive && !run.is_watched ? events_of(run, word, now) : intents_of(run, word, now);
  };
  co_return co_await ledger_.apply_all(std::move(run), std::move(decide));
}

io::Task<Result<Run>> Interactive::find(RunId run) {
  auto read = [run](db::Connection& connection) { return catalog::find_run(connection, run); };
  co_return co_await parts_.catalog.read(std::move(read));
}

io::Task<Result<RunState>> Interactive::heartbeat(RunId id) {
  if (live_.session_of(id) == nullptr) {
    CO_TRY(const auto run, co_await find(id));
    if (run.spec.kind != RunKind::kInteractive) co_return not_interactive(id, "a heartbeat");
    if (is_terminal(run.state)) co_return run.state;
    auto mark = [id](db::Transaction& transaction) { return catalog::set_watched(transaction, id); };
    if (!run.is_watched) CO_CHECK_OK(co_await parts_.catalog.write(std::move(mark)));
    CO_TRY(const auto now, co_await find(id));  // it may have ended meanwhile, and nobody would forget it then
    if (is_terminal(now.state)) co_return now.state;
    resume(now);
  }
  CO_CHECK_OK(co_await heard(id));
  const auto* session = live_.session_of(id);
  if (session != nullptr) co_return session->state;
  CO_TRY(const auto ended, co_await find(id));
  co_return ended.state;
}

io::Task<Status> Interactive::heard(RunId id) {
  auto* session = live_.session_of(id);
  if (session == nullptr) co_return ok();
  session->heard_at = parts_.clock.monotonic();
  if (session->state != RunState::kNotResponding || session->is_busy) co_return ok();
  Event event{.kind = EventKind::kHeard, .at = parts_.clock.now(), .message = "its client is heard again"};
  CO_CHECK_OK(co_await ledger_.apply(id, std::move(event)));
  co_return ok();
}

void Interactive::resume(const Run& run) {
  if (!run.is_watched) return;
  const auto now = parts_.clock.monotonic();
  const bool is_silent = run.state == RunState::kNotResponding;
  live_.sessions[run.id] = {.run = run.id, .state = run.state, .heard_at = is_silent ? now - kClientSilence - std::chrono::seconds(1) : now};
  watch_.kick();
}

}  // namespace stoker::runs
