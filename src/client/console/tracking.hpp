#pragma once
// Runs a program as our child and has a console process show and keep what it writes (session.hpp). The program has our standard input, our
// process group, and the signals that are sent to us; its end is ours. Should we be killed, the program goes on, and so does the console.

#include <chrono>

#include "client/console/session.hpp"

namespace stoker::client {

struct TrackRequest {
  std::vector<std::string> program;  // [0] a path
  Variables program_variables;
  ConsoleSession session;
  Variables variables;                // of the console process
  std::chrono::seconds patience{10};  // from the program's end until the server must have all of it
};

struct TrackedEnd {
  int exit_code = 0;  // 128 + n for signal n
  bool is_delivered = false;
};

/// Once per process: it takes the process' signals.
Result<TrackedEnd> track(const TrackRequest& request);

/// The body of POST /runs/{run}/end for a wait status. Pure.
json::object outcome_of(int wait_status);

}  // namespace stoker::client
