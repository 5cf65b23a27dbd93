#pragma once
// `--json`: indented by two, keys in the order of the record, numbers as people write them (0.5, not 5E-1). Stable: scripts read it.

#include <string>

#include "base/json.hpp"

namespace stoker::cli {

/// Ends in a newline.
std::string pretty(const json::value& value);

}  // namespace stoker::cli
