#pragma once
// Numbered, forward only. Each applied migration is remembered with the SHA-256 of its text in `schema_migrations`, so a text that was
// changed after it was applied is noticed, and a database of a newer program is refused rather than guessed at.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "db/kind.hpp"

namespace stoker::db {

/// All that is missing, in one transaction, under the kind's lock. Uses up the session. `place` is for messages.
/// kDataFormat: newer than `schema`, changed, or a database of another program.
Status migrate(std::unique_ptr<Session> session, const Dialect& dialect, const Schema& schema, Time now, const std::string& place);

}  // namespace stoker::db
