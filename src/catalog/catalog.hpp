#pragma once
// The catalog: what is known of workspaces, experiments and runs, in SQLite or PostgreSQL. This is the door for code on the loop:
//   auto made = co_await catalog.write([spec](db::Transaction& tx) -> Result<Run> { … insert_run(tx, run) … });
//   auto run = co_await catalog.read([id](db::Connection& connection) { return find_run(connection, id); });
// write() is group commit: one thread runs many closures in one transaction, each under a savepoint of its own, then syncs once. A closure
// that returns an error is undone alone. A result arrives only after the sync; when that fails, all of them get its error and nothing
// of theirs happened, so "ok" always means "on disk". Closures capture by value, hold no reference to the loop's state, and do no network.

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "db/database.hpp"
#include "io/task.hpp"

namespace stoker::catalog {

/// The tables and statements of this folder, for Database::open.
const db::Schema& schema();

struct Limits {
  /// Writes waiting for their turn; the next one is told kOverloaded.
  std::size_t queued_writes = 16384;
  /// Writes in one transaction.
  std::size_t batch = 1024;
};

class Catalog {
 public:
  /// Blocks: opens, migrates, starts the writer. Results come back on `loop`; reads run on `pool`. Both must outlive the catalog.
  static Result<std::unique_ptr<Catalog>> open(db::Settings settings, io::Loop& loop, io::Pool& pool, Limits limits = {});
  /// Finishes what is queued, then ends the writer. Await (or drop) all results before.
  ~Catalog();

  /// `fn(db::Transaction&)` returns a Result<T> or a Status. Not cancelled by a cancellation: once queued it is done.
  /// Adds kOverloaded, and the errors of a commit (kStorageFull, kDataBusy, kIo).
  template <class Fn>
  auto write(Fn fn) -> io::Task<std::invoke_result_t<Fn&, db::Transaction&>> {
    auto job = std::make_shared<FunctionWrite<Fn>>(std::move(fn));
    Status committed = co_await run(job);
    if (!committed) co_return std::move(committed).error();
    co_return std::move(*job->result);
  }

  /// `fn(db::Connection&)` returns a Result<T> or a Status; it sees one consistent state, and every write whose result has arrived.
  template <class Fn>
  auto read(Fn fn) -> io::Task<std::invoke_result_t<Fn&, db::Connection&>> {
    using Value = std::invoke_result_t<Fn&, db::Connection&>;
    auto work = [this, fn = std::move(fn)]() mutable -> Value {
      TRY(auto reader, borrow());
      return fn(*reader.connection);
    };
    co_return co_await io::blocking(pool_, std::move(work));
  }

  /// Reads the whole structure of the database; for `stoker server check`.
  io::Task<Status> check();
  std::string place() const { return database_->place(); }

  /// A write that waits for its turn; used through write().
  struct Write {
    virtual ~Write() = default;
    virtual Status run(db::Transaction& transaction) = 0;
  };

 private:
  template <class Fn>
  struct FunctionWrite final : Write {
    explicit FunctionWrite(Fn fn) : fn(std::move(fn)) {}
    Status run(db::Transaction& transaction) override {
      try {
        result.emplace(fn(transaction));
      } catch (const std::exception& bug) {
        result.emplace(thrown(bug));
      }
      if (!*result) return result->error();
      return stoker::ok();
    }
    Fn fn;
    std::optional<std::invoke_result_t<Fn&, db::Transaction&>> result;
  };

  /// A closure that throws is a bug; it is logged, told as kInternal, and undone like any other that failed.
  static Error thrown(const std::exception& bug);

  /// A read connection on loan, in a transaction so that all statements see the same; goes back when this dies.
  struct Reader {
    Reader(Catalog& catalog, std::unique_ptr<db::Connection> connection, db::Transaction transaction)
        : catalog(&catalog), connection(std::move(connection)), transaction(std::move(transaction)) {}
    Reader(Reader&&) noexcept = default;
    Reader& operator=(Reader&&) = delete;
    ~Reader() {
      if (!connection) return;
      transaction.rollback();
      catalog->give_back(std::move(connection));
    }
    Catalog* catalog;
    std::unique_ptr<db::Connection> connection;
    db::Transaction transaction;
  };

  class Writer;
  class Readers;
  Catalog(std::unique_ptr<db::Database> database, std::unique_ptr<db::Connection> connection, io::Loop& loop, io::Pool& pool, Limits limits);
  io::Task<Status> run(std::shared_ptr<Write> write);
  Result<Reader> borrow();
  void give_back(std::unique_ptr<db::Connection> connection);

  std::unique_ptr<db::Database> database_;
  io::Pool& pool_;
  std::unique_ptr<Readers> readers_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace stoker::catalog
