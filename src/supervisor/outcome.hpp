#pragma once
// How a run ended, told to a person: from the exit status, what stopped it and the last bytes of its output. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/run.hpp"

namespace stoker::supervisor {

/// Why the supervisor ended the processes; kNone when they ended by themselves.
enum class StopCause : std::uint8_t { kNone, kCanceled, kTimeLimit, kShutdown, kKeeperLost };

struct Ending {
  int wait_status = 0;  // of the main process, as waitpid gives it
  StopCause cause = StopCause::kNone;
  std::string by;                  // kCanceled: who asked; kShutdown: why
  std::int64_t limit_seconds = 0;  // kTimeLimit
  bool out_of_memory = false;      // the kernel killed a process of this run for memory
  std::string_view last_output;    // the last 64 KiB are enough
};

struct Outcome {
  RunEnd end;
  std::optional<RunError> error;  // nullopt when the program ended with 0, or was canceled
};

Outcome outcome_of(const Ending& ending);
/// The program never ran: snapshot, environment or spawn failed.
Outcome outcome_of_failed_start(const Error& error);
Outcome outcome_of_lost(std::string why);

/// `SIGKILL`; `signal 64` for what has no name.
std::string signal_name(int signal);
/// The package that provides a module, where its name differs ("sklearn" → "scikit-learn"); else the module's first part.
std::string package_of_module(std::string_view module);

}  // namespace stoker::supervisor
