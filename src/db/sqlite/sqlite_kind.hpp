#pragma once
// SQLite: one file with WAL, synced at each commit. See README.md for the settings and why.

#include <memory>

#include "db/kind.hpp"

namespace stoker::db {

Result<std::unique_ptr<Kind>> make_sqlite_kind(const Settings& settings);

}  // namespace stoker::db
