#pragma once
// A database by URL, the same for SQLite and PostgreSQL; knows no table. All calls block: on the loop go through catalog::Catalog.
//   TRY(auto database, Database::open(settings, schema));                       migrated to the newest schema
//   TRY(auto connection, database->connect(Access::kWrite));
//   TRY(auto transaction, Transaction::begin(*connection));
//   CHECK_OK(transaction.connection().execute("set_display_name", {id, name}));
//   CHECK_OK(transaction.commit());                                             durable when this is ok
// A Connection belongs to one thread at a time. After an error inside a transaction return it: PostgreSQL does nothing more
// until the transaction or the savepoint is undone.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "db/kind.hpp"
#include "db/statements.hpp"
#include "db/value.hpp"

namespace stoker::db {

using Values = std::initializer_list<Value>;

/// The present row. A column that the statement does not have is a bug and throws std::logic_error.
/// Reading in the order of the statement's columns costs one comparison a column.
class Row {
 public:
  explicit Row(const PreparedStatement& statement) : statement_(statement) {}
  bool is_null(std::string_view column) const;
  std::int64_t integer(std::string_view column) const;  // null: 0
  double real(std::string_view column) const;           // null: 0
  std::string text(std::string_view column) const;      // null: empty
  bool boolean(std::string_view column) const { return integer(column) != 0; }
  Time time(std::string_view column) const { return from_micros(integer(column)); }
  std::optional<std::int64_t> optional_integer(std::string_view column) const;
  std::optional<std::string> optional_text(std::string_view column) const;
  std::optional<Time> optional_time(std::string_view column) const;
  /// Valid until the next row.
  std::string_view borrowed_text(std::string_view column) const;

 private:
  int index_of(std::string_view column) const;
  const PreparedStatement& statement_;
  mutable int next_ = 0;
};

class Connection {
 public:
  Connection(std::unique_ptr<Session> session, const Dialect& dialect, const Schema& schema);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs a statement to its end; the number of rows it changed.
  Result<std::int64_t> execute(std::string_view name, Values values = {});

  /// Every row made into a value by `read(const Row&)`.
  template <class Read>
  auto read_all(std::string_view name, Values values, Read read) -> Result<std::vector<std::invoke_result_t<Read&, const Row&>>> {
    std::vector<std::invoke_result_t<Read&, const Row&>> all;
    CHECK_OK(visit(name, values, [&](const Row& row) {
      all.push_back(read(row));
      return true;
    }));
    return all;
  }
  /// The first row made into a value; nullopt when there is none.
  template <class Read>
  auto read_one(std::string_view name, Values values, Read read) -> Result<std::optional<std::invoke_result_t<Read&, const Row&>>> {
    std::optional<std::invoke_result_t<Read&, const Row&>> one;
    CHECK_OK(visit(name, values, [&](const Row& row) {
      one.emplace(read(row));
      return false;
    }));
    return one;
  }
  /// Calls `each` for every row until it says false. `each` must not run the same statement.
  Status visit(std::string_view name, Values values, const std::function<bool(const Row&)>& each);

  /// Prepares without running: the test that every statement is understood.
  Status prepare(std::string_view name);
  /// For migrations and tests; words of the dialect are spelled out.
  Status run_script(std::string_view sql);
  Status quick_check() { return session_->quick_check(); }
  bool in_transaction() const { return session_->in_transaction(); }
  bool is_broken() const { return session_->is_broken(); }

 private:
  friend class Transaction;
  friend class Database;
  struct Entry;
  Result<Entry*> find(std::string_view name);
  /// BEGIN, COMMIT, SAVEPOINT …: prepared once as well.
  Status control(std::string_view sql);

  std::unique_ptr<Session> session_;
  const Dialect& dialect_;
  const Schema& schema_;
  std::unordered_map<std::string_view, std::unique_ptr<Entry>> prepared_;
};

/// Rolls back when it dies without commit().
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection, Access access = Access::kWrite);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { rollback(); }

  Connection& connection() { return *connection_; }
  /// Functions that only read take a Connection&; a Transaction will do.
  operator Connection&() { return *connection_; }

  /// Durable (synced) when ok. On an error nothing of it happened.
  Status commit();
  void rollback();

  /// A piece that can be undone without the rest: savepoint(), then release() or undo(). May be nested.
  Status savepoint() { return connection_->control("SAVEPOINT piece"); }
  Status release() { return connection_->control("RELEASE SAVEPOINT piece"); }
  Status undo();
  /// Runs `fn(Transaction&)`, a Result; what it wrote is undone when it is an error.
  template <class Fn>
  auto with_savepoint(Fn&& fn) -> std::invoke_result_t<Fn&, Transaction&> {
    CHECK_OK(savepoint());
    auto result = fn(*this);
    CHECK_OK(result ? release() : undo());
    return result;
  }

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

class Database {
 public:
  /// Opens, and applies the migrations that are missing, all or none, under a lock. `schema` must outlive the database.
  /// kDataFormat: written by a newer version, or a migration's text changed. kDataLocation: cannot be opened or written there.
  static Result<std::unique_ptr<Database>> open(const Settings& settings, const Schema& schema);

  Result<std::unique_ptr<Connection>> connect(Access access);
  /// Path, or URL without password.
  std::string place() const { return kind_->place(); }

 private:
  Database(std::unique_ptr<Kind> kind, const Schema& schema) : kind_(std::move(kind)), schema_(schema) {}
  std::unique_ptr<Kind> kind_;
  const Schema& schema_;
};

}  // namespace stoker::db
