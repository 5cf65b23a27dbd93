#pragma once
// Runs that go for good. Their rows go in one transaction, which notes that log and metrics are still to go: after a crash the next start
// of the server finds the note.

#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

/// Everything of the run that is in the catalog, with a note for its stores. Ok when it is not there. kConflict: it has children.
Status remove_run(db::Transaction& transaction, const RunId& run);
Result<std::vector<RunId>> runs_being_removed(db::Connection& connection);
Result<bool> is_being_removed(db::Connection& connection, const RunId& run);
/// Log and metrics are gone too.
Status forget_removal(db::Transaction& transaction, const RunId& run);

}  // namespace stoker::catalog
