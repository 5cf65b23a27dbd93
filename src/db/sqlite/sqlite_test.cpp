// What only SQLite does: files, where they lie, and who may write them.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "db/embedded.hpp"
#include "db/testing.hpp"

namespace stoker::db {
namespace {

using ::testing::HasSubstr;

constexpr EmbeddedFile kStatements[] = {{"things", R"(
-- name: insert
INSERT INTO things (a) VALUES ($1);
-- name: pragma_synchronous
PRAGMA synchronous;
-- name: pragma_journal_mode
PRAGMA journal_mode;
-- name: pragma_foreign_keys
PRAGMA foreign_keys;
)"}};
constexpr EmbeddedFile kMigrations[] = {{"0001_things", "CREATE TABLE things (a BIGINT);"}};

const Schema& one_table() {
  static const auto schema = make_schema(kStatements, kMigrations);
  return *schema;
}

class SqliteTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "catalog.sqlite") const { return folder_.path() + "/" + name; }
  testing::TemporaryFolder folder_;
};

/// Gives up being root for a while, because root may write everywhere.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() {
    if (was_root_) changed_ = seteuid(65534) == 0;
  }
  ~AsOrdinaryUser() {
    if (changed_ && seteuid(0) != 0) std::abort();
  }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  bool was_root_ = geteuid() == 0;
  bool changed_ = false;
};

TEST_F(SqliteTest, ACommitIsSyncedAndKeysAreChecked) {
  VALUE_OF(auto database, Database::open({.url = path()}, one_table()));
  VALUE_OF(auto connection, database->connect(Access::kWrite));
  VALUE_OF(const auto synchronous, connection->read_one("pragma_synchronous", {}, [](const Row& row) { return row.integer("synchronous"); }));
  VALUE_OF(const auto journal, connection->read_one("pragma_journal_mode", {}, [](const Row& row) { return row.text("journal_mode"); }));
  VALUE_OF(const auto keys, connection->read_one("pragma_foreign_keys", {}, [](const Row& row) { return row.boolean("foreign_keys"); }));
  EXPECT_EQ(synchronous, 2);
  EXPECT_EQ(journal, "wal");
  EXPECT_EQ(keys, true);
}

TEST_F(SqliteTest, NobodyElseMayReadTheFiles) {
  VALUE_OF(auto database, Database::open({.url = path()}, one_table()));
  VALUE_OF(auto connection, database->connect(Access::kWrite));
  EXPECT_OK(connection->execute("insert", {1}));
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    struct stat about{};
    ASSERT_EQ(stat((path() + suffix).c_str(), &about), 0) << suffix;
    EXPECT_EQ(about.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteTest, AFolderThatIsNotThereIsALocationError) {
  const auto opened = Database::open({.url = path("missing/catalog.sqlite")}, one_table());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataLocation);
  EXPECT_THAT(opened.error().to_terminal(), HasSubstr("missing/catalog.sqlite"));
  EXPECT_THAT(opened.error().to_terminal(), HasSubstr("STOKER_DATA"));
}

TEST_F(SqliteTest, AReadOnlyFolderIsALocationError) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  const AsOrdinaryUser user;
  EXPECT_ERROR(Database::open({.url = path()}, one_table()), kDataLocation);
}

TEST_F(SqliteTest, AReadOnlyFileIsALocationError) {
  ASSERT_TRUE(Database::open({.url = path()}, one_table()));
  ASSERT_EQ(chmod(path().c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  const AsOrdinaryUser user;
  EXPECT_ERROR(Database::open({.url = path()}, one_table()), kDataLocation);
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  std::ofstream(path())
      << "these are my notes, and not a database, although the name says so; at least a hundred bytes, so that the header is looked at";
  EXPECT_ERROR(Database::open({.url = path()}, one_table()), kSnapshotCorrupt);
  std::ifstream file(path());
  const std::string kept(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(kept, HasSubstr("my notes"));
}

TEST_F(SqliteTest, ADatabaseOfAnotherProgramIsRefused) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "CREATE TABLE photos (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  const auto opened = Database::open({.url = path()}, one_table());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataFormat);
  EXPECT_THAT(opened.error().to_line(), HasSubstr("photos"));
}

TEST_F(SqliteTest, ALockThatIsHeldForLongIsToldAsBusyAndMayBeTriedAgain) {
  VALUE_OF(auto database, Database::open({.url = path(), .busy_timeout = std::chrono::milliseconds(20)}, one_table()));
  VALUE_OF(auto one, database->connect(Access::kWrite));
  VALUE_OF(auto other, database->connect(Access::kWrite));
  VALUE_OF(auto held, Transaction::begin(*one));
  const auto refused = Transaction::begin(*other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kDataBusy);
  EXPECT_TRUE(refused.error().is_retryable());
  held.rollback();
  EXPECT_TRUE(Transaction::begin(*other));
}

TEST_F(SqliteTest, DamageIsFoundByTheCheck) {
  {
    VALUE_OF(auto database, Database::open({.url = path()}, one_table()));
    VALUE_OF(auto connection, database->connect(Access::kWrite));
    VALUE_OF(auto transaction, Transaction::begin(*connection));
    for (int i = 0; i < 20000; ++i) EXPECT_OK(connection->execute("insert", {i}));
    EXPECT_OK(transaction.commit());
  }
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(10 * 4096);
    file << std::string(4096, '\x55');
  }
  VALUE_OF(auto database, Database::open({.url = path()}, one_table()));
  VALUE_OF(auto connection, database->connect(Access::kRead));
  EXPECT_ERROR(connection->quick_check(), kSnapshotCorrupt);
}

TEST_F(SqliteTest, AnUnknownKindOfUrlIsRefused) { EXPECT_ERROR(Database::open({.url = "mysql://host/name"}, one_table()), kInvalidInput); }

}  // namespace
}  // namespace stoker::db
