#pragma once
// Runs a short program and keeps what it prints; ends it, with all its session, when it takes too long.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stoker::environments {

struct ProbeAnswer {
  int status = 0;      // as waitpid gives it
  std::string output;  // standard output, at most 4 KiB
  std::string errors;  // standard error, the last 4 KiB
};

/// kTimeout when it did not end in time. Blocks.
Result<ProbeAnswer> probe(std::vector<std::string> arguments, std::vector<std::string> environment, std::chrono::milliseconds limit);

}  // namespace stoker::environments
