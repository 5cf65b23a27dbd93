#include "runs/ledger.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "catalog/data.hpp"
#include "catalog/events.hpp"
#include "catalog/provenance.hpp"
#include "catalog/runs.hpp"
#include "catalog/tags.hpp"

namespace stoker::runs {
namespace {

using protocol::Record;

std::string message_of(const Run& run, const Event& event) {
  if (event.kind == EventKind::kExited && event.end) return event.end->message;
  if (is_terminal(run.state) && run.end) return fmt::format("{}: {}", to_text(run.state), run.end->message);
  if (event.kind == EventKind::kCancelAsked) return event.by.empty() ? "cancel requested" : "cancel requested by " + event.by;
  if (event.kind == EventKind::kIntended) return fmt::format("run.{}()", event.outcome == "failed" ? "fail" : "complete");
  return event.message.empty() ? std::string(to_text(run.state)) : event.message;
}

Status tell(db::Transaction& transaction, const RunId& run, Time time, std::string kind, std::string message, json::value data) {
  const catalog::RunEvent event{.time = time, .kind = std::move(kind), .message = std::move(message), .data = std::move(data)};
  CHECK_OK(catalog::append_event(transaction, run, event));
  return ok();
}

/// Stores what the table decided: compare-and-set and the event's row.
Status store_step(db::Transaction& transaction, const Run& before, const Run& next, const Event& event) {
  if (const auto wrong = check(next); !wrong.empty()) log::error("runs", "a run broke an invariant", {{"run", next.id.text()}, {"invariant", wrong}});
  TRY(const bool stored, catalog::update_run(transaction, next, before.state, before.attempt));
  if (!stored) return Error(ErrorCode::kConflict, fmt::format("run {} changed meanwhile", next.id.text())).retryable();
  const bool has_completed = next.state == RunState::kCompleted && before.state != RunState::kCompleted;
  if (has_completed && !next.spec.data.empty()) CHECK_OK(catalog::keep_run_outputs(transaction, next, event.at));
  json::object data{{"event", to_text(event.kind)}, {"from", to_text(before.state)}, {"to", to_text(next.state)}, {"attempt", next.attempt}};
  return tell(transaction, next.id, event.at, before.state == next.state ? "note" : "state", message_of(next, event), std::move(data));
}

Result<Ledger::Answer> apply_stored(db::Transaction& transaction, const RunId& id, const Event& event) {
  TRY(auto run, catalog::find_run(transaction, id));
  auto outcome = apply(run, event);
  if (!outcome.applied) return Ledger::Answer{.run = std::move(run), .effects = Effect::kNone, .refused = outcome.refusal};
  CHECK_OK(store_step(transaction, run, outcome.applied->next, event));
  return Ledger::Answer{.run = std::move(outcome.applied->next), .effects = outcome.applied->effects, .refused = std::nullopt};
}

Result<Ledger::Change> apply_decided(db::Transaction& transaction, const RunId& id, const std::function<std::vector<Event>(const Run&)>& decide) {
  TRY(auto run, catalog::find_run(transaction, id));
  auto effects = Effect::kNone;
  for (const auto& event : decide(run)) {
    auto outcome = apply(run, event);
    if (!outcome.applied) continue;
    CHECK_OK(store_step(transaction, run, outcome.applied->next, event));
    run = std::move(outcome.applied->next);
    effects = effects | outcome.applied->effects;
  }
  return Ledger::Change{.run = std::move(run), .effects = effects};
}

Event event_of(const protocol::StateRecord& state) {
  switch (state.state) {
    case RunState::kProvisioning: return {.kind = EventKind::kProvisions};
    case RunState::kPreparing: return {.kind = EventKind::kPrepares};
    case RunState::kQueued: return {.kind = EventKind::kWaits};
    case RunState::kRunning: return {.kind = EventKind::kRuns};
    default: return {.kind = EventKind::kFinalizes};
  }
}

/// One batch of records going into the catalog. Loads the run when the first record wants it.
class Store {
 public:
  Store(db::Transaction& transaction, RunId run, int attempt) : transaction_(transaction), id_(std::move(run)), attempt_(attempt) {}

  Status take(const Record& record) {
    return std::visit([&](const auto& payload) { return take(record, payload); }, record.payload);
  }
  Result<std::optional<Ledger::Change>> finish() {
    if (phases_changed_ && !stored_run_) CHECK_OK(catalog::set_phases(transaction_, id_, attempt_, run_->phases));
    if (!run_) return std::optional<Ledger::Change>();
    return std::optional(Ledger::Change{.run = std::move(*run_), .effects = effects_});
  }

 private:
  Status take(const Record&, const protocol::OutputRecord&) { return ok(); }
  Status take(const Record&, const protocol::MetricRecord&) { return ok(); }
  Status take(const Record&, const protocol::SampleRecord&) { return ok(); }
  Status take(const Record&, const protocol::EnvironmentRecord& environment) {
    return catalog::put_environment(transaction_, id_, environment.content);
  }
  Status take(const Record& record, const protocol::TagRecord& tag) {
    return tolerate(record, [&](db::Transaction& transaction) {
      return tag.remove ? catalog::remove_tags(transaction, id_, {tag.key}) : catalog::set_tag(transaction, id_, tag.key, tag.value);
    });
  }
  Status take(const Record& record, const protocol::PropertyRecord& property) {
    return tolerate(record,
                    [&](db::Transaction& transaction) { return catalog::add_properties(transaction, id_, {{property.key, property.value}}); });
  }
  Status take(const Record& record, const protocol::DisplayRecord& display) {
    return tolerate(record, [&](db::Transaction& transaction) { return catalog::set_display_name(transaction, id_, display.display_name); });
  }
  Status take(const Record& record, const protocol::FileRecord& file) {
    json::object data{{"path", file.path}, {"size_bytes", file.size}, {"sha256", file.sha256}, {"origin", file.origin}};
    return tell(transaction_, id_, record.time, "file", file.path, std::move(data));
  }
  Status take(const Record& record, const protocol::PhaseRecord& phase) {
    CHECK_OK(load(record));
    auto& phases = run_->phases;
    const auto open = std::ranges::find_if(phases, [&](const Phase& other) { return other.name == phase.name && !other.ended_at; });
    if (phase.begins && open == phases.end()) phases.push_back({.name = phase.name, .started_at = record.time, .ended_at = std::nullopt});
    if (!phase.begins && open != phases.end()) open->ended_at = record.time;
    phases_changed_ = true;
    stored_run_ = false;
    return ok();
  }
  Status take(const Record& record, const protocol::StateRecord& state) { return step(record, event_of(state)); }
  Status take(const Record& record, const protocol::ExitedRecord& exited) {
    return step(record, {.kind = EventKind::kExited, .end = exited.end, .error = exited.error});
  }
  Status take(const Record& record, const protocol::FinishedRecord&) { return step(record, {.kind = EventKind::kFinished}); }
  Status take(const Record& record, const protocol::IntentRecord& intent) {
    return step(record, {.kind = EventKind::kIntended, .message = intent.message, .outcome = intent.outcome});
  }

  Status load(const Record& record) {
    if (run_) return ok();
    TRY(auto run, catalog::find_run(transaction_, id_));
    run_ = std::move(run);
    if (run_->state == RunState::kNotResponding) CHECK_OK(step_to({.kind = EventKind::kHeard, .at = record.time}));
    return ok();
  }
  Status step(const Record& record, Event event) {
    CHECK_OK(load(record));
    event.at = record.time;
    return step_to(std::move(event));
  }
  Status step_to(Event event) {
    event.attempt = attempt_;
    auto outcome = apply(*run_, event);
    if (!outcome.applied) {
      log::debug("runs", "event does nothing", {{"run", id_.text()}, {"event", to_text(event.kind)}, {"because", sentence_of(outcome.refusal)}});
      return ok();
    }
    CHECK_OK(store_step(transaction_, *run_, outcome.applied->next, event));
    run_ = std::move(outcome.applied->next);
    effects_ = effects_ | outcome.applied->effects;
    stored_run_ = true;
    return ok();
  }

  /// A tag that is too long or a property that is written twice must not stop the journal: the run's events tell of it.
  template <class Fn>
  Status tolerate(const Record& record, Fn fn) {
    auto done = transaction_.with_savepoint(fn);
    if (done) return ok();
    const auto& error = done.error();
    const bool by_user = error.code() == ErrorCode::kInvalidInput || error.code() == ErrorCode::kConflict;
    if (!by_user) return done;
    return tell(transaction_, id_, record.time, "warning", error.message(), nullptr);
  }

  db::Transaction& transaction_;
  RunId id_;
  int attempt_;
  std::optional<Run> run_;  // nullopt: no record wanted it yet
  Effect effects_ = Effect::kNone;
  bool phases_changed_ = false;
  bool stored_run_ = false;  // the phases as they are went with the last step
};

Result<std::optional<Ledger::Change>> store_records(db::Transaction& transaction, const RunId& id, int attempt, std::uint64_t seq,
                                                    const std::vector<Record>& records) {
  TRY(const auto mark, catalog::look_up_run_mark(transaction, id));
  if (!mark || mark->attempt != attempt || is_terminal(mark->state)) {
    log::info("runs", "records of an attempt that is over are dropped", {{"run", id.text()}, {"attempt", attempt}});
    return std::optional<Ledger::Change>();
  }
  Store store(transaction, id, attempt);
  for (const auto& record : records) {
    if (record.seq > static_cast<std::uint64_t>(mark->journal_acked)) CHECK_OK(store.take(record));
  }
  CHECK_OK(catalog::set_journal_acked(transaction, id, attempt, static_cast<std::int64_t>(seq)));
  return store.finish();
}

}  // namespace

bool is_for_catalog(const protocol::Payload& payload) {
  return !std::holds_alternative<protocol::OutputRecord>(payload) && !std::holds_alternative<protocol::MetricRecord>(payload) &&
         !std::holds_alternative<protocol::SampleRecord>(payload);
}

io::Task<Result<Ledger::Answer>> Ledger::apply(RunId run, Event event) {
  auto work = [run, event](db::Transaction& transaction) { return apply_stored(transaction, run, event); };
  CO_TRY(auto answer, co_await catalog_.write(std::move(work)));
  if (answer.refused)
    log::debug("runs", "event does nothing", {{"run", run.text()}, {"event", to_text(event.kind)}, {"because", sentence_of(*answer.refused)}});
  else announce({.run = answer.run, .effects = answer.effects});
  co_return answer;
}

io::Task<Result<Run>> Ledger::apply_all(RunId run, std::function<std::vector<Event>(const Run&)> decide) {
  auto work = [run, decide = std::move(decide)](db::Transaction& transaction) { return apply_decided(transaction, run, decide); };
  CO_TRY(auto change, co_await catalog_.write(std::move(work)));
  if (change.effects != Effect::kNone) announce(change);
  co_return std::move(change.run);
}

io::Task<Result<std::optional<Ledger::Change>>> Ledger::store(RunId run, int attempt, std::uint64_t seq, std::vector<protocol::Record> records) {
  auto work = [run, attempt, seq, records = std::move(records)](db::Transaction& transaction) {
    return store_records(transaction, run, attempt, seq, records);
  };
  co_return co_await catalog_.write(std::move(work));
}

}  // namespace stoker::runs
