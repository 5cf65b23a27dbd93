#include "db/database.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "db/migrations.hpp"
#include "db/postgres/postgres_kind.hpp"
#include "db/sqlite/sqlite_kind.hpp"

namespace stoker::db {

int Row::index_of(std::string_view column) const {
  const auto columns = statement_.columns();
  const int count = static_cast<int>(columns.size());
  for (int tried = 0, at = next_; tried < count; ++tried, ++at) {
    if (at >= count) at = 0;
    if (columns[static_cast<std::size_t>(at)] != column) continue;
    next_ = at + 1;
    return at;
  }
  throw std::logic_error(fmt::format("the statement has no column {}", column));
}

bool Row::is_null(std::string_view column) const {
  const int at = index_of(column);
  next_ = at;  // the value is asked for next
  return statement_.is_null(at);
}
std::int64_t Row::integer(std::string_view column) const { return statement_.integer(index_of(column)); }
double Row::real(std::string_view column) const { return statement_.real(index_of(column)); }
std::string Row::text(std::string_view column) const { return std::string(borrowed_text(column)); }
std::string_view Row::borrowed_text(std::string_view column) const { return statement_.text(index_of(column)); }
std::optional<std::int64_t> Row::optional_integer(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}
std::optional<std::string> Row::optional_text(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}
std::optional<Time> Row::optional_time(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

struct Connection::Entry {
  std::unique_ptr<PreparedStatement> statement;
  std::string sql;  // of a control word; keeps the map's key alive
  bool busy = false;
};

namespace {

/// A statement in use: reset at the end, so that it holds no lock and no copy of what was bound.
class Running {
 public:
  Running(PreparedStatement& statement, bool& busy) : statement_(statement), busy_(busy) { busy_ = true; }
  ~Running() {
    statement_.reset();
    busy_ = false;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  PreparedStatement& statement_;
  bool& busy_;
};

}  // namespace

Connection::Connection(std::unique_ptr<Session> session, const Dialect& dialect, const Schema& schema)
    : session_(std::move(session)), dialect_(dialect), schema_(schema) {}

Connection::~Connection() { prepared_.clear(); }

Result<Connection::Entry*> Connection::find(std::string_view name) {
  if (const auto at = prepared_.find(name); at != prepared_.end()) return at->second.get();
  const auto text = std::ranges::find(schema_.statements, name, &NamedStatement::name);
  if (text == schema_.statements.end()) throw std::logic_error(fmt::format("there is no statement named {}", name));
  auto prepared = session_->prepare(spell(text->sql, dialect_.words));
  if (!prepared) return std::move(prepared).error().at(fmt::format("in the statement {}", name));
  auto entry = std::make_unique<Entry>();
  entry->statement = std::move(*prepared);
  return prepared_.emplace(text->name, std::move(entry)).first->second.get();
}

Status Connection::prepare(std::string_view name) {
  CHECK_OK(find(name));
  return ok();
}

Result<std::int64_t> Connection::execute(std::string_view name, Values values) {
  TRY(Entry * entry, find(name));
  if (entry->busy) throw std::logic_error(fmt::format("the statement {} is running already", name));
  Running running(*entry->statement, entry->busy);
  auto run = [&]() -> Result<std::int64_t> {
    CHECK_OK(entry->statement->start({values.begin(), values.size()}));
    for (bool more = true; more;) {
      TRY(more, entry->statement->step());
    }
    return entry->statement->changed();
  };
  auto changed = run();
  if (!changed) return std::move(changed).error().at(fmt::format("in the statement {}", name));
  return changed;
}

Status Connection::visit(std::string_view name, Values values, const std::function<bool(const Row&)>& each) {
  TRY(Entry * entry, find(name));
  if (entry->busy) throw std::logic_error(fmt::format("the statement {} is running already", name));
  Running running(*entry->statement, entry->busy);
  auto run = [&]() -> Status {
    CHECK_OK(entry->statement->start({values.begin(), values.size()}));
    while (true) {
      TRY(const bool there, entry->statement->step());
      if (!there || !each(Row(*entry->statement))) return ok();
    }
  };
  auto done = run();
  if (!done) return std::move(done).error().at(fmt::format("in the statement {}", name));
  return done;
}

Status Connection::run_script(std::string_view sql) { return session_->run_script(spell(sql, dialect_.words)); }

Status Connection::control(std::string_view sql) {
  auto at = prepared_.find(sql);
  if (at == prepared_.end()) {
    auto entry = std::make_unique<Entry>();
    TRY(entry->statement, session_->prepare(sql));
    entry->sql = std::string(sql);
    const std::string_view key = entry->sql;
    at = prepared_.emplace(key, std::move(entry)).first;
  }
  auto& entry = *at->second;
  Running running(*entry.statement, entry.busy);
  CHECK_OK(entry.statement->start({}));
  CHECK_OK(entry.statement->step());
  return ok();
}

Result<Transaction> Transaction::begin(Connection& connection, Access access) {
  const auto& dialect = connection.dialect_;
  CHECK_OK(connection.control(access == Access::kWrite ? dialect.begin_write : dialect.begin_read));
  return Transaction(connection);
}

Status Transaction::commit() {
  auto done = connection_->control("COMMIT");
  if (!done) rollback();
  connection_ = nullptr;
  return done;
}

Status Transaction::undo() {
  CHECK_OK(connection_->control("ROLLBACK TO SAVEPOINT piece"));
  return release();
}

void Transaction::rollback() {
  // Errors are of no use here: the engine has rolled back by itself, or the connection is broken and the transaction with it.
  if (connection_ != nullptr && connection_->in_transaction()) (void)connection_->control("ROLLBACK");
  connection_ = nullptr;
}

Result<std::unique_ptr<Database>> Database::open(const Settings& settings, const Schema& schema) {
  const bool postgres = settings.url.starts_with("postgresql://") || settings.url.starts_with("postgres://");
  if (!postgres && settings.url.find("://") != std::string::npos) {
    return Error(ErrorCode::kInvalidInput, "this kind of database is not known")
        .hint("give the path of an SQLite file, or postgresql://user@host/name");
  }
  auto kind = postgres ? make_postgres_kind(settings) : make_sqlite_kind(settings);
  if (!kind) return std::move(kind).error();
  std::unique_ptr<Database> database(new Database(std::move(*kind), schema));
  TRY(auto session, database->kind_->connect(Access::kWrite));
  CHECK_OK(migrate(std::move(session), database->kind_->dialect(), schema, SystemClock().now(), database->place()));
  return database;
}

Result<std::unique_ptr<Connection>> Database::connect(Access access) {
  TRY(auto session, kind_->connect(access));
  return std::make_unique<Connection>(std::move(session), kind_->dialect(), schema_);
}

}  // namespace stoker::db
