#pragma once
// The Python packages that belong to a program of ours.

#include <string>

namespace stoker::client {

/// Their folder, as it lies beside `program` in a checkout or an installation; empty when it is not there.
std::string python_tree_beside(const std::string& program);

}  // namespace stoker::client
