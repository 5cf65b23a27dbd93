#include "runs/lifecycle.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace stoker::runs {
namespace {

constexpr std::array kTerminal = {RunState::kCompleted, RunState::kFailed, RunState::kCanceled};

RunEnd exited(std::int64_t code) { return {.reason = EndReason::kExited, .exit_code = code, .signal = {}, .message = "exited"}; }
RunEnd ended(EndReason reason) { return {.reason = reason, .exit_code = {}, .signal = {}, .message = "ended"}; }

/// `a_run().placed().running()`
class a_run {
 public:
  a_run() {
    run_.id = RunId("r_1_00000001");
    run_.created_at = from_micros(1'000'000);
  }
  a_run& with(Event event) {
    event.at = from_micros(2'000'000);
    if (event.attempt == 0) event.attempt = event.kind == EventKind::kPlaced ? run_.attempt + 1 : run_.attempt;
    if (event.kind == EventKind::kPlaced) event.handle = json::object{{"version", 1}};
    auto outcome = apply(run_, event);
    EXPECT_TRUE(outcome.applied) << to_text(event.kind) << " in " << to_text(run_.state) << ": " << to_text(outcome.refusal);
    if (outcome.applied) {
      run_ = std::move(outcome.applied->next);
      effects_ = outcome.applied->effects;
    }
    EXPECT_EQ(check(run_), "");
    return *this;
  }
  a_run& placed() { return with({.kind = EventKind::kPlaced}); }
  a_run& running() { return with({.kind = EventKind::kRuns}); }
  a_run& exits(RunEnd end) { return with({.kind = EventKind::kExited, .end = std::move(end)}); }
  a_run& finished() { return with({.kind = EventKind::kFinished}); }
  a_run& cancel() { return with({.kind = EventKind::kCancelAsked, .by = "ana"}); }
  std::optional<Refusal> refuses(Event event) const {
    if (event.attempt == 0) event.attempt = run_.attempt;
    return can_apply(run_, event);
  }
  const Run& run() const { return run_; }
  operator const Run&() const { return run_; }
  Effect effects() const { return effects_; }

 private:
  Run run_;
  Effect effects_ = Effect::kNone;
};

TEST(Lifecycle, SuccessGoesThroughToCompleted) {
  a_run run;
  run.placed();
  EXPECT_EQ(run.run().state, RunState::kStarting);
  EXPECT_TRUE(has(run.effects(), Effect::kSendStart));
  run.with({.kind = EventKind::kPrepares}).running().exits(exited(0));
  EXPECT_EQ(run.run().state, RunState::kFinalizing);
  run.finished();
  EXPECT_EQ(run.run().state, RunState::kCompleted);
  EXPECT_TRUE(has(run.effects(), Effect::kFreePlace));
  EXPECT_TRUE(run.run().started_at && run.run().ended_at);
}

TEST(Lifecycle, ExitCodeOtherThanZeroFails) { EXPECT_EQ(a_run().placed().running().exits(exited(3)).finished().run().state, RunState::kFailed); }

TEST(Lifecycle, CancelWhileWaitingEndsAtOnce) {
  a_run run;
  run.cancel();
  EXPECT_EQ(run.run().state, RunState::kCanceled);
  EXPECT_EQ(run.run().end->message, "canceled by ana before it started");
  EXPECT_TRUE(has(run.effects(), Effect::kLeaveQueue));
  EXPECT_FALSE(has(run.effects(), Effect::kSendCancel));
}

TEST(Lifecycle, CancelWhileRunningEndsAsTheSupervisorSays) {
  a_run run;
  run.placed().running().cancel();
  EXPECT_EQ(run.run().state, RunState::kCancelRequested);
  EXPECT_TRUE(has(run.effects(), Effect::kSendCancel));
  EXPECT_EQ(run.exits(ended(EndReason::kCanceled)).finished().run().state, RunState::kCanceled);
}

TEST(Lifecycle, RunThatBeatTheCancelKeepsItsEnd) {
  EXPECT_EQ(a_run().placed().running().cancel().exits(exited(0)).finished().run().state, RunState::kCompleted);
  EXPECT_EQ(a_run().placed().running().cancel().exits(exited(2)).finished().run().state, RunState::kFailed);
}

TEST(Lifecycle, LostAfterACancelIsCanceled) {
  EXPECT_EQ(a_run().placed().running().cancel().exits(ended(EndReason::kLost)).finished().run().state, RunState::kCanceled);
  const auto run = a_run().placed().running().cancel().with({.kind = EventKind::kLost, .message = "its folder is gone"}).run();
  EXPECT_EQ(run.state, RunState::kCanceled);
  EXPECT_EQ(run.end->message, "canceled by ana; its folder is gone");
}

TEST(Lifecycle, LostWithoutACancelFails) {
  const auto run = a_run().placed().running().with({.kind = EventKind::kLost, .message = "its folder is gone"}).run();
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->reason, EndReason::kLost);
}

TEST(Lifecycle, LostAfterTheExitWasHeardEndsAsItExited) {
  EXPECT_EQ(a_run().placed().running().exits(exited(0)).with({.kind = EventKind::kLost, .message = "gone"}).run().state, RunState::kCompleted);
}

TEST(Lifecycle, FailFromInsideSticksAlsoWithExitCodeZero) {
  a_run run;
  run.placed().running().with({.kind = EventKind::kIntended, .message = "no data", .outcome = "failed"});
  EXPECT_EQ(run.run().state, RunState::kRunning);
  run.with({.kind = EventKind::kIntended, .outcome = "completed"}).exits(exited(0)).finished();
  EXPECT_EQ(run.run().state, RunState::kFailed);
  EXPECT_EQ(run.run().error->message, "no data");
}

TEST(Lifecycle, CompleteFromInsideDoesNotHideAFailure) {
  EXPECT_EQ(a_run().placed().running().with({.kind = EventKind::kIntended, .outcome = "completed"}).exits(exited(1)).finished().run().state,
            RunState::kFailed);
}

TEST(Lifecycle, MessageOfAnOlderAttemptDoesNothing) {
  a_run run;
  run.placed().running();
  EXPECT_EQ(run.refuses({.kind = EventKind::kExited, .attempt = 7, .end = exited(0)}), Refusal::kStaleAttempt);
  EXPECT_EQ(run.refuses({.kind = EventKind::kPlaced, .attempt = 2}), Refusal::kPlacedBefore);
}

TEST(Lifecycle, DuplicatesAndStepsBackwardDoNothing) {
  a_run run;
  run.placed().running();
  EXPECT_EQ(run.refuses({.kind = EventKind::kRuns}), Refusal::kAlready);
  EXPECT_EQ(run.refuses({.kind = EventKind::kPrepares}), Refusal::kBackward);
  EXPECT_EQ(run.refuses({.kind = EventKind::kFinished}), Refusal::kNoEnd);
  run.exits(exited(0));
  EXPECT_EQ(run.refuses({.kind = EventKind::kExited, .end = exited(1)}), Refusal::kAlready);
}

TEST(Lifecycle, SilenceIsLeftToWhereTheRunWas) {
  const Event silent{.kind = EventKind::kSilent}, heard{.kind = EventKind::kHeard};
  EXPECT_EQ(a_run().placed().with(silent).with(heard).run().state, RunState::kStarting);
  EXPECT_EQ(a_run().placed().running().with(silent).with(heard).run().state, RunState::kRunning);
  EXPECT_EQ(a_run().placed().running().exits(exited(0)).with(silent).with(heard).run().state, RunState::kFinalizing);
  EXPECT_EQ(a_run().placed().running().cancel().with(silent).with(heard).run().state, RunState::kCancelRequested);
}

TEST(Lifecycle, StartThatFailsEndsTheRun) {
  const auto run = a_run().with({.kind = EventKind::kStartFailed, .message = "no such partition"}).run();
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->reason, EndReason::kStartFailed);
}

TEST(Lifecycle, PhasesOpenAtTheEndAreClosed) {
  a_run run;
  run.placed().running();
  ASSERT_EQ(run.run().phases.size(), 1U);
  EXPECT_EQ(run.run().phases[0].name, "queue");
  run.exits(exited(0)).finished();
  EXPECT_TRUE(run.run().phases[0].ended_at);
}

TEST(Lifecycle, InteractiveRunGoesAsItsClientSays) {
  stoker::Run run;
  run.spec.kind = RunKind::kInteractive;
  EXPECT_EQ(can_apply(run, {.kind = EventKind::kPlaced, .attempt = 1}), Refusal::kOtherKind);
  run = apply(run, {.kind = EventKind::kOpens, .at = from_micros(1)}).applied->next;
  EXPECT_EQ(run.state, RunState::kRunning);
  EXPECT_EQ(can_apply(run, {.kind = EventKind::kExited, .end = exited(0)}), Refusal::kOtherKind);
  run = apply(run, {.kind = EventKind::kSilent, .at = from_micros(2)}).applied->next;
  EXPECT_EQ(run.state, RunState::kNotResponding);
  const auto ended = apply(run, {.kind = EventKind::kCompletes, .at = from_micros(3)}).applied->next;
  EXPECT_EQ(ended.state, RunState::kCompleted);
  EXPECT_EQ(check(ended), "");
  const auto canceled = apply(run, {.kind = EventKind::kCancelAsked, .by = "ana"}).applied;
  EXPECT_EQ(canceled->next.state, RunState::kCanceled);
  EXPECT_FALSE(has(canceled->effects, Effect::kSendCancel));
}

TEST(Lifecycle, TheClientOfAnInteractiveRunReopensIt) {
  stoker::Run run;
  run.spec.kind = RunKind::kInteractive;
  run = apply(run, {.kind = EventKind::kOpens, .at = from_micros(1)}).applied->next;
  EXPECT_EQ(can_apply(run, {.kind = EventKind::kReopens}), Refusal::kAlready);
  run = apply(run, {.kind = EventKind::kCancelAsked, .at = from_micros(2), .by = "ana"}).applied->next;
  run = apply(run, {.kind = EventKind::kReopens, .at = from_micros(3)}).applied->next;
  EXPECT_EQ(run.state, RunState::kRunning);
  EXPECT_FALSE(run.end || run.ended_at || run.cancel_requested);
  EXPECT_EQ(check(run), "");
  EXPECT_EQ(apply(run, {.kind = EventKind::kCompletes, .at = from_micros(4)}).applied->next.state, RunState::kCompleted);
}

TEST(Lifecycle, ScriptIsNotEndedByAClient) {
  EXPECT_EQ(a_run().placed().running().refuses({.kind = EventKind::kCompletes}), Refusal::kOtherKind);
  EXPECT_EQ(a_run().refuses({.kind = EventKind::kOpens}), Refusal::kOtherKind);
}

TEST(LifecycleTable, TerminalStatesHaveNoExit) {
  for (const auto& row : rows()) {
    for (const auto state : kTerminal) EXPECT_TRUE((row.from & set_of(state)) == 0U || row.event == EventKind::kReopens);
  }
  for (const auto state : kTerminal) {
    stoker::Run run;
    run.state = state;
    for (std::size_t i = 0; i < kEventKindCount; ++i) {
      const auto event = static_cast<EventKind>(i);
      EXPECT_EQ(can_apply(run, {.kind = event}), event == EventKind::kReopens ? Refusal::kOtherKind : Refusal::kEnded);
    }
  }
}

TEST(LifecycleTable, EveryStateIsReachable) {
  std::set<RunState> reached = {RunState::kNotStarted};
  for (std::size_t round = 0; round < kRunStateCount; ++round) {
    for (const auto& row : rows()) {
      for (std::size_t i = 0; row.to && i < kRunStateCount; ++i) {
        const auto from = static_cast<RunState>(i);
        if ((row.from & set_of(from)) != 0 && reached.contains(from)) reached.insert(*row.to);
      }
    }
  }
  EXPECT_EQ(reached.size(), kRunStateCount);
}

TEST(LifecycleTable, EveryPairIsARowOrANamedRefusal) {
  for (std::size_t s = 0; s < kRunStateCount; ++s) {
    for (std::size_t e = 0; e < kEventKindCount; ++e) {
      stoker::Run run;
      run.state = static_cast<RunState>(s);
      run.attempt = run.state == RunState::kNotStarted ? 0 : 1;
      Event event{.kind = static_cast<EventKind>(e), .attempt = 1};
      if (event.kind == EventKind::kExited) event.end = exited(0);
      const auto refused = can_apply(run, event);
      if (refused) EXPECT_FALSE(sentence_of(*refused).empty());
      else EXPECT_TRUE(apply(run, event).applied);
    }
  }
}

TEST(LifecycleTable, PagesNameEveryStateAndEvent) {
  const auto page = render_states_markdown();
  for (std::size_t i = 0; i < kRunStateCount; ++i) {
    const std::string name(to_text(static_cast<RunState>(i)));
    EXPECT_NE(page.find(name), std::string::npos);
    EXPECT_NE(render_states_python().find("\"" + name + "\""), std::string::npos);
    EXPECT_NE(render_states_typescript().find("'" + name + "'"), std::string::npos);
  }
  for (std::size_t i = 0; i < kEventKindCount; ++i) EXPECT_NE(page.find(to_text(static_cast<EventKind>(i))), std::string::npos);
  EXPECT_NE(render_states_python().find("CANCEL_REQUESTED = \"CancelRequested\""), std::string::npos);
}

Event any_event() {
  Event event{.kind = static_cast<EventKind>(*rc::gen::inRange<int>(0, kEventKindCount)), .attempt = *rc::gen::element(1, 1, 1, 1, 2)};
  event.at = from_micros(*rc::gen::inRange<std::int64_t>(1, 1'000'000));
  if (event.kind == EventKind::kPlaced) event.handle = json::object{{"version", 1}};
  if (event.kind == EventKind::kIntended) event.outcome = *rc::gen::element<std::string>("completed", "failed");
  if (event.kind == EventKind::kExited)
    event.end = *rc::gen::element(exited(0), exited(1), ended(EndReason::kCanceled), ended(EndReason::kLost), ended(EndReason::kTimeLimit));
  return event;
}

/// How far a state is; nothing but NotResponding and what comes out of it may go down.
int rank(RunState state) { return is_terminal(state) ? 100 : static_cast<int>(state); }

RC_GTEST_PROP(LifecycleProperty, AnySequenceKeepsTheInvariants, ()) {
  stoker::Run run;
  run.id = RunId("r_1_00000001");
  run.spec.kind = *rc::gen::element(RunKind::kScript, RunKind::kInteractive);
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const auto event = any_event();
    const auto before = run;
    auto outcome = apply(run, event);
    RC_ASSERT(outcome.applied.has_value() == !can_apply(before, event).has_value());
    if (!outcome.applied) continue;
    const bool reopened = event.kind == EventKind::kReopens;
    RC_ASSERT(is_terminal(before.state) == reopened);
    run = std::move(outcome.applied->next);
    if (!check(run).empty()) RC_FAIL(check(run));
    if (before.end && !reopened) RC_ASSERT(run.end == before.end);
    RC_ASSERT(run.attempt >= before.attempt);
    RC_ASSERT(reopened || before.state == RunState::kNotResponding || rank(run.state) >= rank(before.state));
    RC_ASSERT(has(outcome.applied->effects, Effect::kFreePlace) == (is_terminal(run.state) && before.attempt > 0));
  }
}

}  // namespace
}  // namespace stoker::runs
