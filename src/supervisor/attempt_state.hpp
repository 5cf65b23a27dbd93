#pragma once
// From start to "no process is left": what an attempt does about cancel, time limit, exit and background children. Pure; times are
// the monotonic clock's. The driver (attempt.cpp) feeds events in and carries out the effects.
//   Preparing → Running → Ending (SIGTERM sent, grace runs) → Killing (SIGKILL until none is left) → Gone
// A main process that exits by itself gives its background children a moment, then the same SIGTERM, grace, SIGKILL.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "supervisor/outcome.hpp"

namespace stoker::supervisor {

enum class Stage : std::uint8_t { kPreparing, kRunning, kLingering, kEnding, kKilling, kGone };

/// How long background children may go on by themselves after the main process (a `tee` that still writes, say).
inline constexpr Duration kLinger = std::chrono::seconds(1);
/// Between two rounds of SIGKILL.
inline constexpr Duration kKillAgain = std::chrono::milliseconds(100);

struct AttemptState {
  Stage stage = Stage::kPreparing;
  StopCause cause = StopCause::kNone;  // set only while the main process has not ended by itself
  std::string by;
  std::optional<Duration> limit;    // of the specification
  Duration grace{};                 // of the specification; a cancel may bring its own
  std::optional<int> wait_status;   // nullopt until the main process ended
  std::optional<Duration> next_at;  // kRunning: time limit; kLingering: SIGTERM; kEnding: SIGKILL; kKilling: again
};

struct Started {};  // the main process runs
struct StopAsked {
  StopCause cause = StopCause::kCanceled;
  std::string by;
  Duration grace{};
};
struct MainEnded {
  int wait_status = 0;
};
struct AllGone {};  // no process is left (the main process's end was told before)
struct TimePassed {};
using AttemptEvent = std::variant<Started, StopAsked, MainEnded, AllGone, TimePassed>;

enum class Effect : std::uint8_t {
  kStopPreparing,  // nothing was started; nothing will be
  kTerminate,      // SIGTERM to all
  kKill,           // SIGKILL to all
  kSettle,         // all gone: tell the end
};

/// The effects, in order. What does not fit the stage does nothing.
std::vector<Effect> apply(AttemptState& state, const AttemptEvent& event, Duration now);
/// Asserts the invariants; for tests and debug builds.
void check(const AttemptState& state);

}  // namespace stoker::supervisor
