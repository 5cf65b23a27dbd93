#pragma once
// A run as it is: state, times, how it ended. Only runs/lifecycle moves it from one state to another.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "domain/ids.hpp"
#include "domain/run_spec.hpp"

namespace stoker {

/// Azure ML's states (spec 3.7), by these very names.
enum class RunState : std::uint8_t {
  kNotStarted,
  kStarting,
  kProvisioning,
  kPreparing,
  kQueued,
  kRunning,
  kFinalizing,
  kCancelRequested,
  kCompleted,
  kFailed,
  kCanceled,
  kNotResponding,
};
inline constexpr std::size_t kRunStateCount = 12;

std::string_view to_text(RunState state);  // "NotStarted" …
std::optional<RunState> run_state_from_text(std::string_view text);
inline bool is_terminal(RunState state) { return state == RunState::kCompleted || state == RunState::kFailed || state == RunState::kCanceled; }

/// Why a run is over. Exactly one, said by the supervisor (or by the server for a run that never reached one).
enum class EndReason : std::uint8_t {
  kExited,    // exit_code says how
  kSignaled,  // signal says which
  kTimeLimit,
  kCanceled,
  kOutOfMemory,
  kLost,         // supervisor or machine died
  kStartFailed,  // snapshot, environment or spawn failed
  kReported,     // who had the interactive run said that it is over
};
std::string_view to_text(EndReason reason);  // "exited" "signaled" "time_limit" "canceled" "out_of_memory" "lost" "start_failed" "reported"
std::optional<EndReason> end_reason_from_text(std::string_view text);

struct RunEnd {
  EndReason reason = EndReason::kExited;
  std::optional<std::int64_t> exit_code;
  std::optional<std::int64_t> signal;
  /// For people: "exited with code 1", "killed: time limit of 60 s", "lost: the machine was restarted".
  std::string message;
  friend bool operator==(const RunEnd&, const RunEnd&) = default;
};

/// The v1 shape error.error.{code,message,debugInfo} is made from this.
struct RunError {
  std::string code;     // "UserError" | "ServiceError"
  std::string message;  // "User program failed with ValueError: …"
  std::string type;     // "ValueError"; empty when not a Python exception
  std::string trace;    // last lines of the traceback or of the output, at most 3000 characters
  std::string hint;     // "add the package scikit-learn to the environment"
};

/// One phase of a run's life with its time: snapshot, environment, queue, run, finalize.
struct Phase {
  std::string name;
  Time started_at;
  std::optional<Time> ended_at;
};

struct Run {
  RunId id;
  std::int64_t number = 0;  // 1-based per experiment
  WorkspaceId workspace;
  ExperimentId experiment;
  std::string experiment_name;
  std::string display_name;
  std::string description;
  std::string user;  // who made it: what an MLflow client says, else submitted_by without its host
  RunSpec spec;
  RunState state = RunState::kNotStarted;
  int attempt = 0;  // rises with each start; a message of an older attempt does nothing
  /// The target's versioned handle of the present attempt; null until it was started.
  json::value handle;
  std::vector<int> gpu_indices;  // of the present attempt
  bool cancel_requested = false;
  std::string cancel_by;  // who asked; empty when nobody did
  Time created_at;
  std::optional<Time> started_at;  // the user's program began
  std::optional<Time> ended_at;
  std::optional<Time> archived_at;  // nullopt: not archived
  std::optional<RunEnd> end;
  std::optional<RunError> error;
  std::vector<Phase> phases;
  std::map<std::string, std::optional<std::string>> tags;
  std::map<std::string, std::string> properties;
  bool is_watched = false;         // interactive: it sent a heartbeat, so silence means something
  std::int64_t journal_acked = 0;  // journal of the present attempt is durable up to this sequence number
};

/// The API's and the CLI's record: every field present. Never the handle, never values of variables whose name looks secret
/// (KEY, TOKEN, SECRET, PASSWORD): those read "***".
json::object to_json(const Run& run);

}  // namespace stoker
