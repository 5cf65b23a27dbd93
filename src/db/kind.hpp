#pragma once
// What a kind of database (sqlite/, postgres/) offers to database.cpp, and to nobody else. A Session is one connection, used by one
// thread at a time. Errors are mapped here, so that nothing above knows an SQLSTATE or an SQLITE_ code:
//   kConflict unique or foreign key · kStorageFull · kDataBusy (retryable) a lock was not had · kDataLocation read-only or cannot be opened ·
//   kSnapshotCorrupt not a database, damaged · kIo the rest of the disk or the network · kInvalidInput bytes it cannot store · kInternal our SQL is
//   wrong

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "db/statements.hpp"
#include "db/value.hpp"

namespace stoker::db {

enum class Access : std::uint8_t { kRead, kWrite };

struct Settings {
  /// A path (SQLite file, made when it is not there) or `postgresql://…`.
  std::string url;
  /// How long a lock held by another connection or program is waited for.
  std::chrono::milliseconds busy_timeout{5000};
  /// Page cache of one SQLite connection; small, since an idle server is to stay within 30 MB.
  std::int64_t cache_kib = 2048;
};

class PreparedStatement {
 public:
  virtual ~PreparedStatement() = default;
  /// Binds values[i] to $(i+1) and starts; what was bound may go away at once.
  virtual Status start(std::span<const Value> values) = 0;
  /// True: there is a row to look at, until the next step or reset.
  virtual Result<bool> step() = 0;
  virtual void reset() = 0;
  virtual std::span<const std::string> columns() const = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  /// Rows inserted, updated or deleted; valid once step() said false.
  virtual std::int64_t changed() const = 0;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql) = 0;
  /// Many statements at once, no parameters, rows dropped.
  virtual Status run_script(std::string_view sql) = 0;
  /// False also after the engine rolled back by itself (a full disk).
  virtual bool in_transaction() const = 0;
  /// The connection is gone for good: make a new one.
  virtual bool is_broken() const = 0;
  /// Reads the whole structure, not every value: seconds for gigabytes.
  virtual Status quick_check() = 0;
};

struct Dialect {
  std::span<const DialectWord> words;
  std::string_view begin_read;  // one consistent state for all statements
  std::string_view begin_write;
};

class Kind {
 public:
  virtual ~Kind() = default;
  virtual const Dialect& dialect() const = 0;
  virtual Result<std::unique_ptr<Session>> connect(Access access) = 0;
  /// For messages; without a password.
  virtual std::string place() const = 0;
};

}  // namespace stoker::db
