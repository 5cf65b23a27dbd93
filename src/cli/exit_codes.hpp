#pragma once
// What the exit codes mean, for `stoker errors`. Which error has which is in base/error.cpp.

#include <string>
#include <utility>
#include <vector>

namespace stoker::cli {

/// In the order of the numbers.
std::vector<std::pair<int, std::string>> exit_codes();

}  // namespace stoker::cli
