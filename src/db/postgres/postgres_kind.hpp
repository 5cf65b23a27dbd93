#pragma once
// PostgreSQL 12 or later. libpq is opened when the first such URL is met: `stoker` runs on machines without it.

#include <memory>

#include "db/kind.hpp"

namespace stoker::db {

/// kUnsupported, with the package's name, where libpq.so.5 is not installed.
Result<std::unique_ptr<Kind>> make_postgres_kind(const Settings& settings);

}  // namespace stoker::db
