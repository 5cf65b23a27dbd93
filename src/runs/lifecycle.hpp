#pragma once
// A run's life as one table: from, event, guard, to, effects. Nothing else changes a run's state (docs/reference/run-states.md
// is made from the array). Pure: run and event in, next run and wished effects out; storing and doing is the callers' work.
// Invariants: a terminal state never changes, unless the client of an interactive run reopens it; order is forward only, but out of NotResponding; an
// event of another attempt than the present one does nothing; `end` is written once.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/run.hpp"

namespace stoker::runs {

enum class EventKind : std::uint8_t {
  kPlaced,       // the target gave a place: attempt, handle and GPUs begin to count
  kProvisions,   // compute is being made
  kPrepares,     // supervisor: snapshot and environment
  kWaits,        // waits inside the target (a batch queue, the other nodes)
  kRuns,         // supervisor: the user's program began
  kFinalizes,    // supervisor: it ended, files are being collected
  kIntended,     // run.complete() or run.fail() from inside: settles at the end
  kExited,       // supervisor: how the program ended; all its processes are gone
  kFinished,     // supervisor: everything is delivered
  kCancelAsked,  // a user, or a parent, wants it to end
  kStartFailed,  // the target could not give a place, and will not
  kSilent,       // nothing was heard of the supervisor for too long
  kHeard,        // it is there again
  kLost,         // the target says that nobody will ever report
  kOpens,        // interactive: its client begins
  kCompletes,    // interactive: its client says that it is done
  kFails,        // interactive: its client says that it failed
  kReopens,      // interactive: its client goes on with a run that had ended, as MLflow's clients may
};
inline constexpr std::size_t kEventKindCount = 18;
std::string_view to_text(EventKind kind);  // "placed" "provisions" …
/// An interactive run has no place and no supervisor, a script has no client that says how it goes; the other events happen to both.
bool happens_to(EventKind event, RunKind kind);

struct Event {
  EventKind kind = EventKind::kPlaced;
  Time at;
  /// Of whom this tells; kPlaced: the new attempt. Not looked at for kCancelAsked and kStartFailed.
  int attempt = 0;
  json::value handle = nullptr;                  // kPlaced
  std::vector<int> gpu_indices = {};             // kPlaced
  std::string by = {};                           // kCancelAsked
  std::string message = {};                      // kStartFailed, kLost, kSilent: the reason; kIntended: run.fail's message
  std::string outcome = {};                      // kIntended: completed, failed
  std::optional<RunEnd> end = std::nullopt;      // kExited
  std::optional<RunError> error = std::nullopt;  // kExited, kStartFailed, kFails
};

/// What must also be so for a row to count. Rows of one (state, event) are tried in order.
enum class Guard : std::uint8_t {
  kNone,
  kEndKnown,  // kExited was heard
  kEndUnknown,
  kEndedWell,        // exit code 0, and no run.fail()
  kEndedByCancel,    // the supervisor says that the cancel ended it, or it was lost after the cancel
  kCanceledUnheard,  // a cancel is pending and how it ended was never heard
  kCancelPending,
  kStartedBefore,  // the user's program had begun
  kInteractive,    // nobody has to be asked to end it
};
std::string_view to_text(Guard guard);

/// What the caller does after the next run is stored, as a set of bits.
enum class Effect : std::uint16_t {
  kNone = 0,
  kSendStart = 1,     // hand the start message to the supervisor
  kSendCancel = 2,    // tell it to cancel
  kFreePlace = 4,     // the capacity is free again: release the supervisor, schedule
  kLeaveQueue = 8,    // it no longer waits
  kNotePlace = 16,    // attempt, handle, GPUs, the phase "queue" (this and all below are done by apply)
  kNoteStart = 32,    // started_at
  kNoteEnd = 64,      // end, error
  kNoteCancel = 128,  // cancel_requested, cancel_by
  kNoteIntent = 256,  // run.fail()'s error
  kSettle = 512,      // ended_at, a missing end, open phases
  kReopen = 1024,     // the reverse: no end, no error, no cancel
};
constexpr Effect operator|(Effect a, Effect b) { return static_cast<Effect>(static_cast<std::uint16_t>(a) | static_cast<std::uint16_t>(b)); }
constexpr bool has(Effect set, Effect one) { return (static_cast<std::uint16_t>(set) & static_cast<std::uint16_t>(one)) != 0; }

/// Why an event does nothing.
enum class Refusal : std::uint8_t {
  kEnded,          // it is over
  kStaleAttempt,   // tells of another attempt
  kNotPlaced,      // nothing runs yet
  kPlacedBefore,   // it has its place
  kBackward,       // the run is further than that
  kAlready,        // it is so already
  kCancelPending,  // it is to end; where it is on the way does not matter
  kNotHeard,       // it counts as silent: kHeard comes first
  kNoEnd,          // finished without a word on how it ended
  kOtherKind,      // does not happen to runs of this kind
};
std::string_view to_text(Refusal refusal);      // "ended" …
std::string_view sentence_of(Refusal refusal);  // for logs and the reference

/// A set of states: bit n is the state with number n.
using StateSet = std::uint32_t;
constexpr StateSet set_of(RunState state) { return StateSet{1} << static_cast<unsigned>(state); }

struct Row {
  StateSet from;
  EventKind event;
  Guard guard;
  std::optional<RunState> to;  // nullopt: stays
  Effect effects;
};
/// Where no row counts. Together with the rows every (state, event) has its answer (checked when compiling).
struct RefusalRow {
  StateSet from;
  EventKind event;
  Refusal refusal;
};
std::span<const Row> rows();
std::span<const RefusalRow> refusals();

/// nullopt: it can.
std::optional<Refusal> can_apply(const Run& run, const Event& event);

struct Applied {
  Run next;
  Effect effects = Effect::kNone;
};
struct Outcome {
  std::optional<Applied> applied;
  Refusal refusal = Refusal::kEnded;  // meaningful when nothing was applied
};
Outcome apply(Run run, const Event& event);

/// Every invariant of a stored run; empty when all hold, else what is wrong. Tests ask after each step, debug builds after each event.
std::string check(const Run& run);

/// docs/reference/run-states.md and the enums of the two other languages.
std::string render_states_markdown();
std::string render_states_python();
std::string render_states_typescript();

}  // namespace stoker::runs
