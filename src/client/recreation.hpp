#pragma once
// A run laid down again: its code, what it ran, in what, and how to run it. Pure texts, and the folder that holds them.

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "client/client.hpp"

namespace stoker::client {

/// `NAME==VERSION` lines of an environment's record, as pip takes them.
std::string requirements_of(const json::object& environment);

/// A shell script beside `source/` that runs what the run ran, with its variables. Values that the record does not hold ("***") are named.
std::string run_script(const json::object& run);
/// The words after `stoker` that submit it again from `source`.
std::vector<std::string> submit_words(const json::object& run, const std::string& source);

struct Recreation {
  std::string directory;
  std::vector<std::string> files;  // that were written, relative
};
/// Makes `directory` (kConflict when it is there and not empty): source/ from the snapshot, run.sh, run.json, README.md, and where they are known
/// changes.diff, environment.json and requirements.txt.
Result<Recreation> recreate(Client& client, const json::object& run, const std::string& directory);

}  // namespace stoker::client
