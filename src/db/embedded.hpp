#pragma once
// The .sql files of a folder as they were at build time; embed_sql.cmake writes the source behind embedded_sql() and embedded_migrations().

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "db/statements.hpp"

namespace stoker::db {

struct EmbeddedFile {
  std::string_view name;  // without folder and ending: "runs", "0001_core"
  std::string_view text;
};

/// Parses all of them. kInternal for a mistake in a file, a name that two files use, or migrations that are not 1, 2, 3 …
Result<Schema> make_schema(std::span<const EmbeddedFile> statements, std::span<const EmbeddedFile> migrations);

/// Of db/ itself.
std::span<const EmbeddedFile> embedded_sql();

}  // namespace stoker::db
