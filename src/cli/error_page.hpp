#pragma once
// docs/reference/errors.md, from the one table of errors (base/error.cpp). A test compares the checked-in page.

#include <string>
#include <utility>
#include <vector>

namespace stoker::cli {

/// What each exit code says, in the order of the numbers.
std::vector<std::pair<int, std::string>> exit_codes();
std::string error_page();

}  // namespace stoker::cli
