#include "runs/reconciler.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stoker::runs {
namespace {

/// While a supervisor is away its process is looked at this often.
constexpr Duration kLookAgain = std::chrono::milliseconds(500);

bool is_cancel_overdue(const Placed& place, Duration now) {
  return place.cancel_since && !place.exited && now - *place.cancel_since > place.grace + kCancelMargin;
}

std::optional<Action> action_for(const Placed& place, Duration now) {
  const auto act = [&](ActionKind kind, std::string message) {
    return Action{.kind = kind, .run = place.run, .attempt = place.attempt, .message = std::move(message)};
  };
  if (is_cancel_overdue(place, now) && place.observed != targets::Observed::kGone && place.observed != targets::Observed::kUnknown)
    return act(ActionKind::kEnd, fmt::format("its supervisor did not carry out the cancel within {}", format_duration(place.grace + kCancelMargin)));
  if (place.attached) {
    if (place.state == RunState::kNotResponding) return act(ActionKind::kSayHeard, "its supervisor is connected again");
    return std::nullopt;
  }
  if (!place.observed) return act(ActionKind::kObserve, {});
  const bool tried = place.recovered_at && now - *place.recovered_at < kRecoverAgain;
  switch (*place.observed) {
    case targets::Observed::kUnknown: return act(ActionKind::kSayLost, place.message.empty() ? "its place is not there any more" : place.message);
    case targets::Observed::kGone: return tried ? std::nullopt : std::optional(act(ActionKind::kRecover, place.message));
    case targets::Observed::kAlive: break;
  }
  if (place.state != RunState::kNotResponding && now - place.detached_since > kSilence)
    return act(ActionKind::kSaySilent, fmt::format("nothing was heard of its supervisor for {}", format_duration(now - place.detached_since)));
  return std::nullopt;
}

}  // namespace

std::vector<Action> reconcile(const std::vector<Placed>& placed, Duration now) {
  std::vector<Action> actions;
  for (const auto& place : placed) {
    if (auto action = action_for(place, now)) actions.push_back(std::move(*action));
  }
  return actions;
}

std::vector<Action> reconcile(const std::vector<Session>& sessions, Duration now) {
  std::vector<Action> actions;
  for (const auto& session : sessions) {
    const bool is_silent = now - session.heard_at > kClientSilence;
    const bool counts = session.state == RunState::kRunning || session.state == RunState::kNotResponding;
    if (!counts || session.is_busy || is_silent == (session.state == RunState::kNotResponding)) continue;
    actions.push_back({.kind = is_silent ? ActionKind::kSaySilent : ActionKind::kSayHeard,
                       .run = session.run,
                       .message = is_silent ? fmt::format("nothing was heard of its client for {}", format_duration(now - session.heard_at))
                                            : std::string("its client is heard again")});
  }
  return actions;
}

std::optional<Duration> look_again(const std::vector<Session>& sessions) {
  std::optional<Duration> next;
  for (const auto& session : sessions) {
    const auto at = session.heard_at + kClientSilence + std::chrono::milliseconds(1);
    if (session.state == RunState::kRunning) next = next ? std::min(*next, at) : at;
  }
  return next;
}

std::optional<Duration> look_again(const std::vector<Placed>& placed, Duration now) {
  std::optional<Duration> next;
  const auto at = [&](Duration time) { next = next ? std::min(*next, time) : time; };
  for (const auto& place : placed) {
    if (!place.attached) at(now + kLookAgain);
    if (place.cancel_since && !place.exited) at(std::max(now + kLookAgain, *place.cancel_since + place.grace + kCancelMargin));
  }
  return next;
}

}  // namespace stoker::runs
