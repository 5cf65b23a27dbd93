#pragma once
// A request that is sent twice (the answer was lost) makes one run. The key comes from the client, at most 128 characters.

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

/// The run that the key made; nullopt when the key is new. kConflict: the key was used for another request (its digest differs).
Result<std::optional<RunId>> find_by_idempotency_key(db::Connection& connection, const std::string& key, const Digest& request);
/// In the transaction that inserts the run. kConflict when the key is there already.
Status add_idempotency_key(db::Transaction& transaction, const std::string& key, const Digest& request, const RunId& run, Time now);
/// Keys older than `before` are forgotten, at most 1000 a call; how many were.
Result<std::int64_t> forget_idempotency_keys(db::Transaction& transaction, Time before);

}  // namespace stoker::catalog
