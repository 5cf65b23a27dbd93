#include "supervisor/attempt_state.hpp"

#include <algorithm>
#include <cassert>

namespace stoker::supervisor {
namespace {

using Effects = std::vector<Effect>;

bool has_processes(Stage stage) { return stage != Stage::kPreparing && stage != Stage::kGone; }

Effects kill_now(AttemptState& state, Duration now) {
  state.stage = Stage::kKilling;
  state.next_at = now + kKillAgain;
  return {Effect::kKill};
}

Effects terminate(AttemptState& state, Duration grace, Duration now) {
  if (grace <= Duration::zero()) return kill_now(state, now);
  state.stage = Stage::kEnding;
  state.next_at = now + grace;
  return {Effect::kTerminate};
}

Effects on(AttemptState& state, const Started&, Duration now) {
  if (state.stage != Stage::kPreparing) return {};
  state.stage = Stage::kRunning;
  if (state.limit) state.next_at = now + *state.limit;
  return {};
}

Effects on(AttemptState& state, const StopAsked& asked, Duration now) {
  if (state.stage == Stage::kGone) return {};
  const bool ended_by_itself = state.wait_status.has_value();
  if (!ended_by_itself && state.cause == StopCause::kNone) {
    state.cause = asked.cause;
    state.by = asked.by;
  }
  if (state.stage == Stage::kPreparing) {
    state.stage = Stage::kGone;
    return {Effect::kStopPreparing, Effect::kSettle};
  }
  if (state.stage == Stage::kKilling) return {};
  if (state.stage != Stage::kEnding) return terminate(state, asked.grace, now);
  if (asked.grace <= Duration::zero()) return kill_now(state, now);
  state.next_at = std::min(*state.next_at, now + asked.grace);  // asking again may shorten the wait, never lengthen it
  return {};
}

Effects on(AttemptState& state, const MainEnded& ended, Duration now) {
  if (!has_processes(state.stage) || state.wait_status) return {};
  state.wait_status = ended.wait_status;
  if (state.stage == Stage::kRunning) {
    state.stage = Stage::kLingering;
    state.next_at = now + kLinger;
  }
  return {};
}

Effects on(AttemptState& state, const AllGone&, Duration) {
  if (!has_processes(state.stage) || !state.wait_status) return {};
  state.stage = Stage::kGone;
  state.next_at.reset();
  return {Effect::kSettle};
}

Effects on(AttemptState& state, const TimePassed&, Duration now) {
  if (!state.next_at || now < *state.next_at) return {};
  switch (state.stage) {
    case Stage::kRunning: state.cause = StopCause::kTimeLimit; return terminate(state, state.grace, now);
    case Stage::kLingering: return terminate(state, state.grace, now);
    case Stage::kEnding:
    case Stage::kKilling: return kill_now(state, now);
    default: return {};
  }
}

}  // namespace

Effects apply(AttemptState& state, const AttemptEvent& event, Duration now) {
  auto effects = std::visit([&](const auto& one) { return on(state, one, now); }, event);
  check(state);
  return effects;
}

void check([[maybe_unused]] const AttemptState& state) {
  assert(state.stage != Stage::kPreparing || !state.wait_status);
  assert(state.stage != Stage::kLingering || state.wait_status);
  assert((state.stage != Stage::kLingering && state.stage != Stage::kEnding && state.stage != Stage::kKilling) || state.next_at);
  assert(state.stage != Stage::kGone || !state.next_at);
  assert(state.stage != Stage::kRunning || state.cause == StopCause::kNone);
  assert(state.stage != Stage::kRunning || state.next_at.has_value() == state.limit.has_value());
}

}  // namespace stoker::supervisor
