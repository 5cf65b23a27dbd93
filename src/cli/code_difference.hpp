#pragma once
// What changed in the code from one run to another, from their snapshots, in the form of `git diff`.

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "client/client.hpp"

namespace stoker::cli {

/// `files`: {"added", "removed", "changed"}, as the server compares two snapshots. Files that are binary or larger than 1 MiB are named only.
Result<std::string> code_difference(client::Client& client, const SnapshotId& a, const SnapshotId& b, const json::object& files);

}  // namespace stoker::cli
