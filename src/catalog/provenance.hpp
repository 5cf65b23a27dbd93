#pragma once
// What a run was made from, beside its specification: the uncommitted diff of its source, and the environment as it was when it ran.

#include <cstdint>
#include <optional>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

/// The text is in the object store under `object`.
struct RunDiff {
  std::int64_t size_bytes = 0;
  Digest object;
};
/// In the transaction that inserts the run.
Status put_diff(db::Transaction& transaction, const RunId& run, const RunDiff& diff);
Result<std::optional<RunDiff>> look_up_diff(db::Connection& connection, const RunId& run);

/// Equal records of many runs are stored once. A later attempt's replaces the former's.
Status put_environment(db::Transaction& transaction, const RunId& run, const json::object& record);
/// nullopt: not known (yet).
Result<std::optional<json::object>> look_up_environment(db::Connection& connection, const RunId& run);
/// Names the record that `look_up_environment` gives.
Result<std::optional<std::string>> environment_digest(db::Connection& connection, const RunId& run);

}  // namespace stoker::catalog
