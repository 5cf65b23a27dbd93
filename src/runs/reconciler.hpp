#pragma once
// Compares what the catalog says of placed runs with what targets and supervisors say, and answers in actions. Pure: time is an
// argument. A restart of the server is nothing else than this with no supervisor attached yet.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "domain/run.hpp"
#include "targets/target.hpp"

namespace stoker::runs {

/// A supervisor whose process lives but which says nothing for so long makes its run NotResponding.
inline constexpr Duration kSilence = std::chrono::seconds(30);
/// Between two attempts to bring a supervisor back.
inline constexpr Duration kRecoverAgain = std::chrono::seconds(5);
/// Beyond its own grace, a supervisor has so long to tell of a cancelled run's end before it is ended itself.
inline constexpr Duration kCancelMargin = std::chrono::seconds(10);

/// An interactive run whose client was not heard for so long becomes NotResponding.
inline constexpr Duration kClientSilence = std::chrono::seconds(120);

/// A run that has a place, as the server sees it. Times are the monotonic clock's.
struct Placed {
  RunId run;
  int attempt = 0;
  RunState state = RunState::kStarting;
  bool exited = false;                   // how it ended is known; what is missing is the delivery
  bool attached = false;                 // its supervisor is connected
  Duration detached_since{0};            // meaningful while not attached
  std::optional<Duration> cancel_since;  // nullopt: no cancel is pending
  Duration grace{0};
  std::optional<Duration> recovered_at;       // last time that a supervisor was started for it again
  std::optional<targets::Observed> observed;  // nullopt: the target was not asked, or could not tell
  std::string message;                        // the target's words
};

/// An interactive run whose client sends heartbeats.
struct Session {
  RunId run;
  RunState state = RunState::kRunning;
  Duration heard_at{0};  // monotonic
  bool is_busy = false;  // an action is under way
};

enum class ActionKind : std::uint8_t {
  kObserve,  // ask the target whether the supervisor lives
  kRecover,  // bring a supervisor back, which reports the leftovers
  kEnd,      // end the supervisor: it does not carry out a cancel
  kSayLost,  // nobody will ever report: event kLost
  kSaySilent,
  kSayHeard,
};
struct Action {
  ActionKind kind = ActionKind::kObserve;
  RunId run;
  int attempt = 0;
  std::string message;
  friend bool operator==(const Action&, const Action&) = default;
};

/// At most one action a run.
std::vector<Action> reconcile(const std::vector<Placed>& placed, Duration now);
std::vector<Action> reconcile(const std::vector<Session>& sessions, Duration now);
/// When to look again, if nothing happens before; nullopt: only when something happens.
std::optional<Duration> look_again(const std::vector<Placed>& placed, Duration now);
std::optional<Duration> look_again(const std::vector<Session>& sessions);

}  // namespace stoker::runs
