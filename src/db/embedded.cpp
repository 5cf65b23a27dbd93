#include "db/embedded.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace stoker::db {

Result<Schema> make_schema(std::span<const EmbeddedFile> statements, std::span<const EmbeddedFile> migrations) {
  Schema schema;
  for (const auto& file : statements) {
    auto parsed = parse_statements(file.text);
    if (!parsed) return std::move(parsed).error().at(fmt::format("in {}.sql", file.name));
    for (auto& statement : *parsed) {
      const bool seen = std::ranges::find(schema.statements, statement.name, &NamedStatement::name) != schema.statements.end();
      if (seen) return Error(ErrorCode::kInternal, fmt::format("{}.sql: the statement {} is in another file too", file.name, statement.name));
      schema.statements.push_back(std::move(statement));
    }
  }
  for (const auto& file : migrations) {
    int number = 0;
    std::from_chars(file.name.data(), file.name.data() + file.name.size(), number);
    if (number != static_cast<int>(schema.migrations.size()) + 1)
      return Error(ErrorCode::kInternal, fmt::format("migration {}: its number should be {:04}", file.name, schema.migrations.size() + 1));
    schema.migrations.push_back({number, file.name, file.text});
  }
  return schema;
}

}  // namespace stoker::db
