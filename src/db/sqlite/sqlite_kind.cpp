#include "db/sqlite/sqlite_kind.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

namespace stoker::db {
namespace {

constexpr std::array kWords = {
    DialectWord{"ROW_KEY", "INTEGER PRIMARY KEY"},
    DialectWord{"KEY_TEXT", "TEXT"},
    DialectWord{"CLUSTERED", "WITHOUT ROWID"},
    DialectWord{"EACH_INTEGER", "(SELECT CAST(value AS BIGINT) FROM json_each(%))"},
    DialectWord{"EACH_OBJECT", "(SELECT value FROM json_each(%))"},
    DialectWord{"EVERY_TABLE", "(SELECT name FROM sqlite_master WHERE type = 'table')"},
    DialectWord{"LOCK_MIGRATIONS", "SELECT 1"},  // BEGIN IMMEDIATE is the lock
};
// BEGIN IMMEDIATE takes the write lock at once: a transaction that reads first and writes later could never be refused in between.
constexpr Dialect kDialect = {kWords, "BEGIN", "BEGIN IMMEDIATE"};

ErrorCode code_of(sqlite3* handle, int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return ErrorCode::kStorageFull;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kDataBusy;
    case SQLITE_CONSTRAINT: {
      const bool taken = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_FOREIGNKEY;
      return taken ? ErrorCode::kConflict : ErrorCode::kInternal;
    }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kSnapshotCorrupt;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorCode::kDataLocation;
    case SQLITE_TOOBIG: return ErrorCode::kInputTooLarge;
    case SQLITE_IOERR: break;
    default: return ErrorCode::kInternal;
  }
  const int cause = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  return cause == ENOSPC || cause == EDQUOT ? ErrorCode::kStorageFull : ErrorCode::kIo;
}

std::string message_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kStorageFull: return "the disk of the catalog is full";
    case ErrorCode::kDataBusy: return "the catalog is locked by another program";
    case ErrorCode::kConflict: return "the catalog has such a row already, or lacks one that it refers to";
    case ErrorCode::kSnapshotCorrupt: return "the catalog is damaged, or not a catalog";
    case ErrorCode::kDataLocation: return "the catalog cannot be opened or written where it is";
    case ErrorCode::kIo: return "the catalog could not be read or written";
    case ErrorCode::kInputTooLarge: return "a text is too large for the catalog";
    default: return "the catalog refused a statement";
  }
}

Error sqlite_error(sqlite3* handle, int code) {
  const auto kind = code_of(handle, code);
  std::string cause = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
  const int system = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  if (((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) && system != 0) cause += fmt::format(" ({})", std::strerror(system));
  Error error(kind, message_of(kind));
  error.because(std::move(cause));
  if (kind == ErrorCode::kStorageFull) error.hint("free some space; nothing that was acknowledged is lost");
  if (kind == ErrorCode::kDataLocation) error.hint("choose a folder on a local disk that this user may write, with --data or STOKER_DATA");
  return std::move(error).retryable(kind == ErrorCode::kDataBusy);
}

class SqliteStatement final : public PreparedStatement {
 public:
  SqliteStatement(sqlite3* handle, sqlite3_stmt* statement) : handle_(handle), statement_(statement) {
    // SQLite numbers $1, $2 … by first appearance, so the number in the name is looked up once.
    for (int index = 1; index <= sqlite3_bind_parameter_count(statement); ++index) {
      const char* name = sqlite3_bind_parameter_name(statement, index);
      const auto number = name == nullptr ? 0UL : std::strtoul(name + 1, nullptr, 10);
      if (number == 0 || number > 99) continue;
      if (indexes_.size() < number) indexes_.resize(number, 0);
      indexes_[number - 1] = index;
    }
    for (int column = 0; column < sqlite3_column_count(statement); ++column) columns_.emplace_back(sqlite3_column_name(statement, column));
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }

  Status start(std::span<const Value> values) override {
    if (values.size() != indexes_.size())
      return Error(ErrorCode::kInternal, fmt::format("the statement takes {} values, not {}", indexes_.size(), values.size()));
    changed_ = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (indexes_[i] == 0) continue;
      CHECK_OK(bind(indexes_[i], values[i]));
    }
    return ok();
  }

  Result<bool> step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) return sqlite_error(handle_, code);
    changed_ = sqlite3_stmt_readonly(statement_) != 0 ? 0 : sqlite3_changes64(handle_);
    return false;
  }

  void reset() override {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  std::span<const std::string> columns() const override { return columns_; }
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::int64_t changed() const override { return changed_; }

 private:
  /// SQLITE_STATIC: the caller's text is alive until the statement has run, because every statement is run within one call.
  Status bind(int index, const Value& value) {
    int code = SQLITE_OK;
    switch (value.kind()) {
      case Value::Kind::kNull: code = sqlite3_bind_null(statement_, index); break;
      case Value::Kind::kInteger: code = sqlite3_bind_int64(statement_, index, value.integer()); break;
      case Value::Kind::kReal: code = sqlite3_bind_double(statement_, index, value.real()); break;
      case Value::Kind::kText: {
        const auto text = value.text();
        if (text.find('\0') != std::string_view::npos) return Error(ErrorCode::kInvalidInput, "a text with a NUL character cannot be stored");
        code = sqlite3_bind_text64(statement_, index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
        break;
      }
    }
    if (code != SQLITE_OK) return sqlite_error(handle_, code);
    return ok();
  }

  sqlite3* handle_;
  sqlite3_stmt* statement_;
  std::vector<int> indexes_;
  std::vector<std::string> columns_;
  std::int64_t changed_ = 0;
};

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(sqlite3* handle) : handle_(handle) {}
  ~SqliteSession() override { sqlite3_close_v2(handle_); }

  Result<std::unique_ptr<PreparedStatement>> prepare(std::string_view sql) override {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return sqlite_error(handle_, code);
    return std::make_unique<SqliteStatement>(handle_, statement);
  }

  Status run_script(std::string_view sql) override {
    const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(handle_, code);
    return ok();
  }

  bool in_transaction() const override { return sqlite3_get_autocommit(handle_) == 0; }
  bool is_broken() const override { return false; }

  Status quick_check() override {
    TRY(auto statement, prepare("PRAGMA quick_check(1)"));
    TRY(const bool there, statement->step());
    if (there && statement->text(0) == "ok") return ok();
    return Error(ErrorCode::kSnapshotCorrupt, "the catalog is damaged")
        .because(there ? std::string(statement->text(0)) : "the check said nothing")
        .hint("stop the server, keep a copy of the data folder, and restore catalog.sqlite from a backup");
  }

 private:
  sqlite3* handle_;
};

/// Pages and prepared statements of all connections are counted by SQLite's own allocator statistics, which nobody reads: off saves a global lock.
void configure_once() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)done;
}

class SqliteKind final : public Kind {
 public:
  explicit SqliteKind(Settings settings) : settings_(std::move(settings)) { configure_once(); }
  const Dialect& dialect() const override { return kDialect; }
  std::string place() const override { return settings_.url; }

  Result<std::unique_ptr<Session>> connect(Access access) override {
    sqlite3* handle = nullptr;
    // Readers open for writing too: in WAL mode they share the index file, and recover it after a crash.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(settings_.url.c_str(), &handle, flags, nullptr);
    auto session = std::make_unique<SqliteSession>(handle);
    if (code != SQLITE_OK) return located(sqlite_error(handle, code));
    sqlite3_busy_timeout(handle, static_cast<int>(settings_.busy_timeout.count()));
    if (auto prepared = prepare_session(*session, access); !prepared) return located(std::move(prepared).error());
    if (access == Access::kWrite && sqlite3_db_readonly(handle, "main") == 1) return located(sqlite_error(nullptr, SQLITE_READONLY));
    return session;
  }

 private:
  /// The first change to WAL does not wait for a lock as other statements do, so two who make the file at once would collide.
  Status prepare_session(Session& session, Access access) const {
    const auto until = std::chrono::steady_clock::now() + settings_.busy_timeout;
    while (true) {
      auto prepared = session.run_script(pragmas(access));
      if (prepared || prepared.error().code() != ErrorCode::kDataBusy || std::chrono::steady_clock::now() > until) return prepared;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  std::string pragmas(Access access) const {
    std::string text =
        access == Access::kWrite
            ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
            : "PRAGMA query_only = ON;";
    text += "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;";
    text += fmt::format("PRAGMA cache_size = -{};", settings_.cache_kib);
    return text;
  }
  Error located(Error error) const { return std::move(error).at(fmt::format("while opening {}", settings_.url)); }

  Settings settings_;
};

}  // namespace

Result<std::unique_ptr<Kind>> make_sqlite_kind(const Settings& settings) {
  if (settings.url.empty()) return Error(ErrorCode::kInvalidInput, "the catalog needs a path");
  // SQLite would make the file readable for all, and gives the WAL the file's mode. Only a new file is touched here: closing
  // a descriptor of one that is in use would drop the locks of this whole process.
  const int made = ::open(settings.url.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (made >= 0) ::close(made);
  return std::make_unique<SqliteKind>(settings);
}

}  // namespace stoker::db
