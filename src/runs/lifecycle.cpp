#include "runs/lifecycle.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace stoker::runs {
namespace {

using enum EventKind;
using enum RunState;

template <class... States>
constexpr StateSet in(States... states) {
  return (set_of(states) | ...);
}

constexpr StateSet kWaiting = in(kNotStarted);
constexpr StateSet kBeforeProgram = in(kStarting, kProvisioning, kPreparing, kQueued);
constexpr StateSet kUntilExit = kBeforeProgram | in(kRunning);
constexpr StateSet kOnItsWay = kUntilExit | in(kFinalizing);
constexpr StateSet kCanceling = in(kCancelRequested);
constexpr StateSet kQuiet = in(kNotResponding);
constexpr StateSet kLive = kWaiting | kOnItsWay | kCanceling | kQuiet;
constexpr StateSet kEnded = in(kCompleted, kFailed, kCanceled);
constexpr std::optional<RunState> kStays = std::nullopt;

// The table. Rows of one state and event are tried from the top.
constexpr auto kRows = std::to_array<Row>({
    {kWaiting, kPlaced, Guard::kNone, kStarting, Effect::kNotePlace | Effect::kSendStart | Effect::kLeaveQueue},
    {in(kNotStarted, kRunning) | kQuiet, kCancelAsked, Guard::kInteractive, kCanceled, Effect::kNoteCancel | Effect::kSettle},
    {kWaiting, kOpens, Guard::kNone, kRunning, Effect::kNoteStart},
    {in(kNotStarted, kRunning) | kQuiet, kCompletes, Guard::kNone, kCompleted, Effect::kNoteStart | Effect::kNoteEnd | Effect::kSettle},
    {in(kNotStarted, kRunning) | kQuiet, kFails, Guard::kNone, kFailed, Effect::kNoteStart | Effect::kNoteEnd | Effect::kSettle},
    {kEnded, kReopens, Guard::kInteractive, kRunning, Effect::kReopen},

    {kWaiting, kCancelAsked, Guard::kNone, kCanceled, Effect::kNoteCancel | Effect::kSettle | Effect::kLeaveQueue},
    {kWaiting, kStartFailed, Guard::kNone, kFailed, Effect::kNoteEnd | Effect::kSettle | Effect::kLeaveQueue},

    {in(kStarting), kProvisions, Guard::kNone, kProvisioning, Effect::kNone},
    {in(kStarting, kProvisioning), kPrepares, Guard::kNone, kPreparing, Effect::kNone},
    {in(kStarting, kProvisioning, kPreparing), kWaits, Guard::kNone, kQueued, Effect::kNone},
    {kBeforeProgram, kRuns, Guard::kNone, kRunning, Effect::kNoteStart},
    {kCanceling, kRuns, Guard::kNone, kStays, Effect::kNoteStart},
    {kUntilExit, kFinalizes, Guard::kNone, kFinalizing, Effect::kNone},
    {kUntilExit | kCanceling, kIntended, Guard::kEndUnknown, kStays, Effect::kNoteIntent},

    {kUntilExit, kExited, Guard::kNone, kFinalizing, Effect::kNoteEnd},
    {in(kFinalizing) | kCanceling, kExited, Guard::kEndUnknown, kStays, Effect::kNoteEnd},
    {in(kFinalizing) | kCanceling, kFinished, Guard::kEndedWell, kCompleted, Effect::kSettle | Effect::kFreePlace},
    {in(kFinalizing) | kCanceling, kFinished, Guard::kEndedByCancel, kCanceled, Effect::kSettle | Effect::kFreePlace},
    {in(kFinalizing) | kCanceling, kFinished, Guard::kEndKnown, kFailed, Effect::kSettle | Effect::kFreePlace},

    {kOnItsWay | kQuiet, kCancelAsked, Guard::kNone, kCancelRequested, Effect::kNoteCancel | Effect::kSendCancel},

    {kOnItsWay | kCanceling, kSilent, Guard::kNone, kNotResponding, Effect::kNone},
    {kQuiet, kHeard, Guard::kCancelPending, kCancelRequested, Effect::kSendCancel},
    {kQuiet, kHeard, Guard::kEndKnown, kFinalizing, Effect::kNone},
    {kQuiet, kHeard, Guard::kStartedBefore, kRunning, Effect::kNone},
    {kQuiet, kHeard, Guard::kNone, kStarting, Effect::kNone},

    {kOnItsWay | kCanceling | kQuiet, kLost, Guard::kEndedWell, kCompleted, Effect::kSettle | Effect::kFreePlace},
    {kOnItsWay | kCanceling | kQuiet, kLost, Guard::kEndedByCancel, kCanceled, Effect::kSettle | Effect::kFreePlace},
    {kOnItsWay | kCanceling | kQuiet, kLost, Guard::kCanceledUnheard, kCanceled, Effect::kSettle | Effect::kFreePlace},
    {kOnItsWay | kCanceling | kQuiet, kLost, Guard::kNone, kFailed, Effect::kSettle | Effect::kFreePlace},
});

constexpr StateSet without(StateSet set, StateSet less) { return set & ~less; }

// What does nothing, and why. Looked at where no row counts.
constexpr auto kRefusals = std::to_array<RefusalRow>({
    {without(kLive, kWaiting), kPlaced, Refusal::kPlacedBefore},
    {without(kLive, kWaiting), kStartFailed, Refusal::kPlacedBefore},
    {kWaiting, kProvisions, Refusal::kNotPlaced},
    {kWaiting, kPrepares, Refusal::kNotPlaced},
    {kWaiting, kWaits, Refusal::kNotPlaced},
    {kWaiting, kRuns, Refusal::kNotPlaced},
    {kWaiting, kFinalizes, Refusal::kNotPlaced},
    {kWaiting, kIntended, Refusal::kNotPlaced},
    {kWaiting, kExited, Refusal::kNotPlaced},
    {kWaiting, kFinished, Refusal::kNotPlaced},
    {kWaiting, kSilent, Refusal::kNotPlaced},
    {kWaiting, kHeard, Refusal::kNotPlaced},
    {kWaiting, kLost, Refusal::kNotPlaced},

    {in(kRunning), kOpens, Refusal::kAlready},
    {kQuiet, kOpens, Refusal::kNotHeard},
    {kBeforeProgram | in(kFinalizing) | kCanceling, kOpens, Refusal::kOtherKind},
    {kBeforeProgram | in(kFinalizing) | kCanceling, kCompletes, Refusal::kOtherKind},
    {kBeforeProgram | in(kFinalizing) | kCanceling, kFails, Refusal::kOtherKind},

    {without(kLive, kBeforeProgram | in(kFinalizing) | kCanceling), kReopens, Refusal::kAlready},
    {kBeforeProgram | in(kFinalizing) | kCanceling, kReopens, Refusal::kOtherKind},

    {in(kProvisioning), kProvisions, Refusal::kAlready},
    {in(kPreparing), kPrepares, Refusal::kAlready},
    {in(kQueued), kWaits, Refusal::kAlready},
    {in(kRunning), kRuns, Refusal::kAlready},
    {in(kFinalizing), kFinalizes, Refusal::kAlready},
    {in(kPreparing, kQueued, kRunning, kFinalizing), kProvisions, Refusal::kBackward},
    {in(kQueued, kRunning, kFinalizing), kPrepares, Refusal::kBackward},
    {in(kRunning, kFinalizing), kWaits, Refusal::kBackward},
    {in(kFinalizing), kRuns, Refusal::kBackward},
    {in(kFinalizing), kIntended, Refusal::kBackward},
    {kCanceling, kIntended, Refusal::kBackward},
    {kCanceling, kProvisions, Refusal::kCancelPending},
    {kCanceling, kPrepares, Refusal::kCancelPending},
    {kCanceling, kWaits, Refusal::kCancelPending},
    {kCanceling, kFinalizes, Refusal::kCancelPending},
    {kCanceling, kCancelAsked, Refusal::kAlready},

    {kUntilExit, kIntended, Refusal::kBackward},
    {in(kFinalizing) | kCanceling, kExited, Refusal::kAlready},
    {kOnItsWay | kCanceling, kFinished, Refusal::kNoEnd},
    {kOnItsWay | kCanceling, kHeard, Refusal::kAlready},

    {kQuiet, kProvisions, Refusal::kNotHeard},
    {kQuiet, kPrepares, Refusal::kNotHeard},
    {kQuiet, kWaits, Refusal::kNotHeard},
    {kQuiet, kRuns, Refusal::kNotHeard},
    {kQuiet, kFinalizes, Refusal::kNotHeard},
    {kQuiet, kIntended, Refusal::kNotHeard},
    {kQuiet, kExited, Refusal::kNotHeard},
    {kQuiet, kFinished, Refusal::kNotHeard},
    {kQuiet, kSilent, Refusal::kAlready},
});

constexpr bool is_answered(StateSet state, EventKind event) {
  if ((state & kEnded) != 0) return true;  // refused as a whole
  for (const auto& row : kRows)
    if ((row.from & state) != 0 && row.event == event && row.guard == Guard::kNone) return true;
  for (const auto& row : kRefusals)
    if ((row.from & state) != 0 && row.event == event) return true;
  return false;
}
constexpr bool all_answered() {
  for (std::size_t state = 0; state < kRunStateCount; ++state) {
    for (std::size_t event = 0; event < kEventKindCount; ++event) {
      if (!is_answered(StateSet{1} << state, static_cast<EventKind>(event))) return false;
    }
  }
  return true;
}
static_assert(all_answered(), "a pair of state and event has neither a row nor a refusal");
static_assert(std::ranges::none_of(kRows, [](const Row& row) { return (row.from & kEnded) != 0 && row.event != kReopens; }),
              "nothing but its own client brings a run back");

bool holds(Guard guard, const Run& run) {
  const bool exited_well = run.end && run.end->reason == EndReason::kExited && run.end->exit_code == 0;
  switch (guard) {
    case Guard::kNone: return true;
    case Guard::kEndKnown: return run.end.has_value();
    case Guard::kEndUnknown: return !run.end;
    case Guard::kEndedWell: return exited_well && !run.error;
    case Guard::kEndedByCancel:
      return run.end && (run.end->reason == EndReason::kCanceled || (run.cancel_requested && run.end->reason == EndReason::kLost));
    case Guard::kCanceledUnheard: return !run.end && run.cancel_requested;
    case Guard::kCancelPending: return run.cancel_requested;
    case Guard::kStartedBefore: return run.started_at.has_value();
    case Guard::kInteractive: return run.spec.kind == RunKind::kInteractive;
  }
  return false;
}

std::optional<Refusal> check_attempt(const Run& run, const Event& event) {
  if (event.kind == kCancelAsked || event.kind == kStartFailed || run.state == kNotStarted) {
    const bool skips = event.kind == kPlaced && event.attempt != run.attempt + 1;
    return skips ? std::optional(Refusal::kStaleAttempt) : std::nullopt;
  }
  if (event.kind == kPlaced) return std::nullopt;
  return event.attempt == run.attempt ? std::nullopt : std::optional(Refusal::kStaleAttempt);
}

const Row* find_row(const Run& run, EventKind event) {
  const auto at =
      std::ranges::find_if(kRows, [&](const Row& row) { return (row.from & set_of(run.state)) != 0 && row.event == event && holds(row.guard, run); });
  return at == kRows.end() ? nullptr : &*at;
}

Refusal find_refusal(RunState state, EventKind event) {
  if (is_terminal(state)) return Refusal::kEnded;
  const auto at = std::ranges::find_if(kRefusals, [&](const RefusalRow& row) { return (row.from & set_of(state)) != 0 && row.event == event; });
  return at == kRefusals.end() ? Refusal::kAlready : at->refusal;
}

void note_place(Run& run, const Event& event) {
  run.attempt = event.attempt;
  run.handle = event.handle;
  run.gpu_indices = event.gpu_indices;
  run.journal_acked = 0;
  run.phases.push_back({.name = "queue", .started_at = run.created_at, .ended_at = event.at});
}

void note_intent(Run& run, const Event& event) {
  if (event.outcome != "failed" || run.error) return;
  run.error = RunError{
      .code = "UserError", .message = event.message.empty() ? "the script called run.fail()" : event.message, .type = {}, .trace = {}, .hint = {}};
}

void note_end(Run& run, const Event& event) {
  if (event.kind == kStartFailed) run.end = RunEnd{.reason = EndReason::kStartFailed, .exit_code = {}, .signal = {}, .message = event.message};
  else if (event.kind == kCompletes || event.kind == kFails)
    run.end = RunEnd{.reason = EndReason::kReported,
                     .exit_code = {},
                     .signal = {},
                     .message = event.kind == kCompletes ? "its client said that it is complete" : "its client said that it failed"};
  else run.end = event.end;
  if (!run.error) run.error = event.error;
}

RunEnd missing_end(const Run& run, const Event& event) {
  if (!run.cancel_requested) return {.reason = EndReason::kLost, .exit_code = {}, .signal = {}, .message = event.message};
  const std::string by = run.cancel_by.empty() ? "canceled" : "canceled by " + run.cancel_by;
  if (run.spec.kind == RunKind::kInteractive) return {.reason = EndReason::kCanceled, .exit_code = {}, .signal = {}, .message = by};
  if (run.attempt == 0) return {.reason = EndReason::kCanceled, .exit_code = {}, .signal = {}, .message = by + " before it started"};
  return {.reason = EndReason::kCanceled, .exit_code = {}, .signal = {}, .message = fmt::format("{}; {}", by, event.message)};
}

void settle(Run& run, const Event& event) {
  if (!run.end) run.end = missing_end(run, event);
  run.ended_at = event.at;
  for (auto& phase : run.phases)
    if (!phase.ended_at) phase.ended_at = event.at;
}

void reopen(Run& run) {
  run.end.reset();
  run.error.reset();
  run.ended_at.reset();
  run.cancel_requested = false;
  run.cancel_by.clear();
}

}  // namespace

std::span<const Row> rows() { return kRows; }
std::span<const RefusalRow> refusals() { return kRefusals; }

bool happens_to(EventKind event, RunKind kind) {
  switch (event) {
    case kCancelAsked:
    case kSilent:
    case kHeard: return true;
    case kOpens:
    case kCompletes:
    case kFails:
    case kReopens: return kind == RunKind::kInteractive;
    default: return kind == RunKind::kScript;
  }
}

std::optional<Refusal> can_apply(const Run& run, const Event& event) {
  if (is_terminal(run.state) && event.kind != kReopens) return Refusal::kEnded;
  if (!happens_to(event.kind, run.spec.kind)) return Refusal::kOtherKind;
  if (const auto refused = check_attempt(run, event)) return refused;
  if (event.kind == kExited && !event.end) return Refusal::kNoEnd;
  if (find_row(run, event.kind) != nullptr) return std::nullopt;
  return find_refusal(run.state, event.kind);
}

Outcome apply(Run run, const Event& event) {
  if (const auto refused = can_apply(run, event)) return {.applied = std::nullopt, .refusal = *refused};
  const Row& row = *find_row(run, event.kind);
  if (row.to) run.state = *row.to;
  if (has(row.effects, Effect::kNotePlace)) note_place(run, event);
  if (has(row.effects, Effect::kNoteStart) && !run.started_at) run.started_at = event.at;
  if (has(row.effects, Effect::kNoteIntent)) note_intent(run, event);
  if (has(row.effects, Effect::kNoteEnd)) note_end(run, event);
  if (has(row.effects, Effect::kNoteCancel)) {
    run.cancel_requested = true;
    run.cancel_by = event.by;
  }
  if (has(row.effects, Effect::kSettle)) settle(run, event);
  if (has(row.effects, Effect::kReopen)) reopen(run);
  return {.applied = Applied{.next = std::move(run), .effects = row.effects}, .refusal = {}};
}

std::string check(const Run& run) {
  const bool terminal = is_terminal(run.state);
  const bool interactive = run.spec.kind == RunKind::kInteractive;
  if (interactive && run.attempt != 0) return "an interactive run has no attempt";
  if (interactive && !terminal && (in(kNotStarted, kRunning, kNotResponding) & set_of(run.state)) == 0) return "an interactive run has no such state";
  if (!interactive && (run.state == kNotStarted) != (run.attempt == 0) && !terminal) return "a run has an attempt exactly when it was placed";
  if (run.attempt > 0 && run.handle.is_null()) return "an attempt has a handle";
  if (terminal != run.ended_at.has_value()) return "ended_at is set exactly in terminal states";
  if (terminal && !run.end) return "a run that ended says how";
  if (run.end && (kUntilExit & set_of(run.state)) != 0) return "a run before its exit has no end";
  if (run.state == kRunning && !run.started_at) return "a running run has started";
  if (run.state == kCancelRequested && !run.cancel_requested) return "CancelRequested comes from a request";
  if (run.state == kCompleted && (run.error || (!interactive && run.end->exit_code != 0))) return "Completed means exit code 0 and no error";
  if (run.state == kCanceled && !run.cancel_requested && run.end->reason != EndReason::kCanceled) return "Canceled means that somebody wanted it";
  if (terminal && std::ranges::any_of(run.phases, [](const Phase& phase) { return !phase.ended_at; })) return "no phase is open at the end";
  return {};
}

}  // namespace stoker::runs
