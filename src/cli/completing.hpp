#pragma once
// What could stand next on the command line, for a shell. From the same declarations that are parsed.

#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace stoker::cli {

struct Candidate {
  std::string text;     // ":files" and ":folders": the shell completes names of files
  std::string meaning;  // may be empty
};
/// Asks the server for what exists (runs, experiments, workspaces); may give nothing.
using LookUp = std::function<std::vector<Candidate>(Values)>;

/// `words` are those after `stoker`; the last one is what is being typed, perhaps empty.
std::vector<Candidate> candidates(const std::vector<std::string>& words, const LookUp& look_up);

}  // namespace stoker::cli
