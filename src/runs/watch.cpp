#include "runs/watch.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace stoker::runs {

void Watch::kick() {
  kicked_ = true;
  wake_.notify();
}

io::Task<void> Watch::run() {
  while (true) {
    kicked_ = false;
    auto placed = look();
    co_await observe(placed);
    const auto now = parts_.clock.monotonic();
    for (const auto& action : reconcile(placed, now)) carry_out(action);
    const auto silent_at = attend(now);
    if (kicked_) continue;
    auto again = look_again(placed, now);
    if (silent_at) again = again ? std::min(*again, *silent_at) : *silent_at;
    const auto until = again ? io::in(*again - now) : io::kNever;
    co_await wake_.wait(until);
  }
}

std::vector<Placed> Watch::look() const {
  std::vector<Placed> placed;
  for (const auto& [id, place] : live_.places) {
    if (place.is_busy) continue;
    placed.push_back({.run = id,
                      .attempt = place.run.attempt,
                      .state = place.run.state,
                      .exited = place.run.end.has_value(),
                      .attached = hub_.is_attached(place.handle.supervisor_id),
                      .detached_since = place.detached_since,
                      .cancel_since = place.cancel_since,
                      .grace = std::chrono::seconds(place.run.spec.grace_seconds),
                      .recovered_at = place.recovered_at});
  }
  return placed;
}

std::vector<Session> Watch::look_at_sessions() const {
  std::vector<Session> sessions;
  for (const auto& [id, session] : live_.sessions) sessions.push_back(session);
  return sessions;
}

/// What is to be said of interactive runs; when the next one would count as silent.
std::optional<Duration> Watch::attend(Duration now) {
  const auto sessions = look_at_sessions();
  for (const auto& action : reconcile(sessions, now)) {
    live_.session_of(action.run)->is_busy = true;
    const bool silent = action.kind == ActionKind::kSaySilent;
    tasks_.spawn((silent ? "silent " : "heard ") + action.run.text(), say(action, silent ? EventKind::kSilent : EventKind::kHeard));
  }
  return look_again(sessions);
}

targets::Target* Watch::target_of(const Place& place) {
  auto* line = live_.line_of(place.run.spec.target);
  return line == nullptr ? nullptr : line->target;
}

/// One question a target, for all of its places whose supervisor is away.
io::Task<void> Watch::observe(std::vector<Placed>& placed) {
  std::map<std::string, std::vector<std::size_t>> away;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const auto* place = live_.place_of(placed[i].run);
    if (!placed[i].attached && place != nullptr) away[place->run.spec.target].push_back(i);
  }
  for (const auto& [name, indices] : away) {
    std::vector<targets::Handle> handles;
    for (const auto i : indices) {
      const auto* place = live_.place_of(placed[i].run);  // may have ended while another target was asked
      handles.push_back(place == nullptr ? targets::Handle{} : place->handle);
    }
    auto* line = live_.line_of(name);
    if (line == nullptr) continue;
    auto seen = co_await line->target->observe(std::move(handles));
    if (!seen) {
      log::warning("runs", "the target does not answer", {{"target", name}, {"cause", seen.error().to_line()}});
      continue;
    }
    for (std::size_t k = 0; k < indices.size() && k < seen->size(); ++k) {
      placed[indices[k]].observed = (*seen)[k].observed;
      placed[indices[k]].message = (*seen)[k].message;
      const auto* place = live_.place_of(placed[indices[k]].run);
      placed[indices[k]].attached = place != nullptr && hub_.is_attached(place->handle.supervisor_id);  // it may have come meanwhile
    }
  }
}

void Watch::carry_out(const Action& action) {
  auto* place = live_.place_of(action.run);
  if (place == nullptr || place->is_busy || place->run.attempt != action.attempt) return;
  if (action.kind == ActionKind::kObserve) return;  // the next round asks again
  place->is_busy = true;
  switch (action.kind) {
    case ActionKind::kRecover: return tasks_.spawn("recover " + action.run.text(), recover(action));
    case ActionKind::kEnd: return tasks_.spawn("end " + action.run.text(), end(action));
    case ActionKind::kSayLost: return tasks_.spawn("lost " + action.run.text(), say(action, EventKind::kLost));
    case ActionKind::kSaySilent: return tasks_.spawn("silent " + action.run.text(), say(action, EventKind::kSilent));
    case ActionKind::kSayHeard: return tasks_.spawn("heard " + action.run.text(), say(action, EventKind::kHeard));
    case ActionKind::kObserve: return;
  }
}

io::Task<void> Watch::recover(Action action) {
  auto* place = live_.place_of(action.run);
  auto* target = target_of(*place);
  const auto handle = place->handle;
  log::warning("runs", "a supervisor is gone and is started again",
               {{"run", action.run.text()}, {"supervisor", handle.supervisor_id}, {"because", action.message}});
  const auto recovered = co_await target->recover(handle);
  if (place = live_.place_of(action.run); place == nullptr) co_return;
  place->recovered_at = parts_.clock.monotonic();
  place->is_busy = false;
  kick();
  if (recovered) co_return;
  log::error("runs", "a supervisor could not be started again", {{"run", action.run.text()}, {"cause", recovered.error().to_line()}});
  if (!recovered.error().is_retryable()) {
    place->is_busy = true;
    Action lost{.kind = ActionKind::kSayLost, .run = action.run, .attempt = action.attempt, .message = recovered.error().message()};
    co_await say(std::move(lost), EventKind::kLost);
  }
}

/// The supervisor goes by force; its processes go with it, and the one that is started after it tells the end.
io::Task<void> Watch::end(Action action) {
  auto* place = live_.place_of(action.run);
  auto* target = target_of(*place);
  const auto handle = place->handle;
  log::warning("runs", "a supervisor is ended by force",
               {{"run", action.run.text()}, {"supervisor", handle.supervisor_id}, {"because", action.message}});
  const auto ended = co_await target->cancel(handle, std::chrono::seconds(0));
  if (!ended) log::error("runs", "a supervisor could not be ended", {{"run", action.run.text()}, {"cause", ended.error().to_line()}});
  if (place = live_.place_of(action.run); place == nullptr) co_return;
  place->cancel_since = parts_.clock.monotonic();
  place->is_busy = false;
  kick();
}

io::Task<void> Watch::say(Action action, EventKind kind) {
  Event event{.kind = kind, .at = parts_.clock.now(), .attempt = action.attempt, .message = action.message};
  const auto answer = co_await ledger_.apply(action.run, std::move(event));
  if (!answer) log::error("runs", "an event could not be stored", {{"run", action.run.text()}, {"cause", answer.error().to_line()}});
  if (auto* place = live_.place_of(action.run)) place->is_busy = false;
  if (auto* session = live_.session_of(action.run)) session->is_busy = false;
  kick();
}

}  // namespace stoker::runs
