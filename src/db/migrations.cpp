#include "db/migrations.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "db/database.hpp"
#include "db/embedded.hpp"

namespace stoker::db {
namespace {

struct Applied {
  std::int64_t number;
  std::string name;
  std::string checksum;
};

const Schema& own_schema() {
  static const auto made = make_schema(embedded_sql(), {});
  if (!made) throw std::logic_error(made.error().to_line());
  return *made;
}

/// Empty for a new database, whose table is made here.
Result<std::vector<Applied>> read_applied(Transaction& transaction, const std::string& place) {
  auto& connection = transaction.connection();
  TRY(auto tables, connection.read_all("find_tables", {}, [](const Row& row) { return row.text("name"); }));
  if (std::ranges::find(tables, "schema_migrations") == tables.end()) {
    if (!tables.empty()) {
      return Error(ErrorCode::kDataFormat, fmt::format("{} holds tables of another program ({})", place, tables.front()))
          .hint("give an empty folder or database");
    }
    CHECK_OK(connection.execute("create_migrations"));
    return std::vector<Applied>();
  }
  return connection.read_all("list_migrations", {},
                             [](const Row& row) { return Applied{row.integer("number"), row.text("name"), row.text("checksum")}; });
}

Status check_applied(const std::vector<Applied>& applied, const Schema& schema, const std::string& place) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const auto& row = applied[i];
    if (i >= schema.migrations.size()) {
      return Error(ErrorCode::kDataFormat, fmt::format("{} was written by a newer version of stoker", place))
          .because(fmt::format("it has migration {}, this version knows {} of them", applied.back().name, schema.migrations.size()))
          .hint("start the newer version, or give another data folder; data formats only go forward");
    }
    const auto& known = schema.migrations[i];
    if (row.number == known.number && row.checksum == sha256(known.sql).hex()) continue;
    return Error(ErrorCode::kDataFormat, fmt::format("{} was written by another build of stoker", place))
        .because(fmt::format("its migration {} is not this version's {}", row.name, known.name))
        .hint("start the version that made it, or give another data folder");
  }
  return ok();
}

}  // namespace

Status migrate(std::unique_ptr<Session> session, const Dialect& dialect, const Schema& schema, Time now, const std::string& place) {
  Connection connection(std::move(session), dialect, own_schema());
  TRY(auto transaction, Transaction::begin(connection));
  CHECK_OK(connection.execute("lock_migrations"));
  TRY(const auto applied, read_applied(transaction, place));
  CHECK_OK(check_applied(applied, schema, place));
  if (applied.size() == schema.migrations.size()) return ok();
  for (std::size_t i = applied.size(); i < schema.migrations.size(); ++i) {
    const auto& next = schema.migrations[i];
    if (auto done = connection.run_script(next.sql); !done) return std::move(done).error().at(fmt::format("in migration {}", next.name));
    const auto checksum = sha256(next.sql).hex();
    CHECK_OK(connection.execute("add_migration", {next.number, next.name, checksum, now}));
    log::debug("db", "migrated", {{"to", next.name}});
  }
  return transaction.commit();
}

}  // namespace stoker::db
