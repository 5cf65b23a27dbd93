#pragma once
// SQL lives in .sql files, embedded at build time; code names a statement and never holds its text.
//   -- name: find_run
//   -- One run by its id. Index: runs_id.
//   SELECT … WHERE id = $1;
// A file is a sequence of such pieces. `-- part: x` begins a text that `-- with: x` puts into the statements below it. The words of the one dialect
// (README.md) are spelled out by each kind when it prepares.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::db {

struct NamedStatement {
  std::string name;
  std::string sql;  // one statement, without comments and without the last semicolon
};

struct Migration {
  int number = 0;         // 1, 2, 3 … without gaps
  std::string_view name;  // of the file, for messages: "0001_core"
  std::string_view sql;   // a script of many statements
};

/// What a database of this program holds; made once, outlives every Database.
struct Schema {
  std::vector<NamedStatement> statements;
  std::vector<Migration> migrations;
};

/// The statements of one .sql file. kInternal with the line's number where a piece has no name, no text, or a name that was seen already.
Result<std::vector<NamedStatement>> parse_statements(std::string_view file_text);

/// A word of the dialect and what one kind writes for it; `WORD($1)` is replaced with `%` standing for what is in the parentheses.
struct DialectWord {
  std::string_view word;
  std::string_view text;
};
/// Replaces whole words outside of quotes and comments.
std::string spell(std::string_view sql, std::span<const DialectWord> words);

}  // namespace stoker::db
