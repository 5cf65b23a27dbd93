#include "db/database.hpp"

#include <limits>
#include <thread>

#include <gmock/gmock.h>

#include "db/embedded.hpp"
#include "db/testing.hpp"

namespace stoker::db {
namespace {

using ::testing::ElementsAre;
using testing::Engine;
using ::testing::HasSubstr;
using testing::OnBothEngines;

constexpr EmbeddedFile kStatements[] = {{"things", R"(
-- name: insert
INSERT INTO things (name, weight, price, note) VALUES ($1, $2, $3, $4);
-- name: insert_out_of_order
INSERT INTO things (note, price, weight, name) VALUES ($4, $3, $2, $1);
-- name: insert_returning
INSERT INTO things (name, weight) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING pk;
-- name: list
SELECT pk, name, weight, price, note FROM things ORDER BY name;
-- name: list_some
SELECT name FROM things WHERE pk IN EACH_INTEGER($1) ORDER BY name;
-- name: remove_lighter
DELETE FROM things WHERE weight < $1;
-- name: insert_part
INSERT INTO parts (thing_pk) VALUES ($1);
)"}};
constexpr EmbeddedFile kMigrations[] = {
    {"0001_things", "CREATE TABLE things (pk ROW_KEY, name KEY_TEXT NOT NULL UNIQUE, weight BIGINT, price DOUBLE PRECISION, note TEXT);"},
    {"0002_parts", "CREATE TABLE parts (thing_pk BIGINT NOT NULL REFERENCES things (pk), PRIMARY KEY (thing_pk)) CLUSTERED;"}};

const Schema& two_tables() {
  static const auto schema = make_schema(kStatements, kMigrations);
  return *schema;
}

class DatabaseTest : public OnBothEngines {
 protected:
  void SetUp() override {
    OnBothEngines::SetUp();
    if (HasFatalFailure()) return;
    auto opened = Database::open(settings(), two_tables());
    ASSERT_TRUE(opened) << opened.error().to_line();
    database_ = std::move(*opened);
    auto connected = database_->connect(Access::kWrite);
    ASSERT_TRUE(connected) << connected.error().to_line();
    connection_ = std::move(*connected);
  }
  void TearDown() override {
    connection_.reset();
    database_.reset();
  }

  std::vector<std::string> names(Connection& connection) {
    auto all = connection.read_all("list", {}, [](const Row& row) { return row.text("name"); });
    EXPECT_TRUE(all) << all.error().to_line();
    return all ? *all : std::vector<std::string>();
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), testing::engine_name);

TEST_P(DatabaseTest, ValuesComeBackAsTheyWent) {
  EXPECT_OK(connection_->execute("insert", {"ä\n'\"\\ ✓", std::numeric_limits<std::int64_t>::min(), 0.1, nullptr}));
  EXPECT_OK(connection_->execute("insert_out_of_order",
                                 {"b", std::optional<std::int64_t>(), std::optional<double>(1e300), std::optional<std::string>("")}));
  auto read = [](const Row& row) {
    return std::tuple(row.text("name"), row.optional_integer("weight"), row.real("price"), row.optional_text("note"));
  };
  VALUE_OF(const auto all, connection_->read_all("list", {}, read));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], std::tuple("b", std::nullopt, 1e300, ""));
  EXPECT_EQ(all[1], std::tuple("ä\n'\"\\ ✓", std::numeric_limits<std::int64_t>::min(), 0.1, std::nullopt));
}

TEST_P(DatabaseTest, ColumnsAreFoundInAnyOrderAndAMissingOneIsABug) {
  EXPECT_OK(connection_->execute("insert", {"a", 7, 1.5, "n"}));
  VALUE_OF(const auto one, connection_->read_one("list", {}, [](const Row& row) {
    return fmt::format("{}{}{}", row.text("note"), row.integer("weight"), row.text("name"));
  }));
  EXPECT_EQ(one, "n7a");
  EXPECT_THROW((void)connection_->read_one("list", {}, [](const Row& row) { return row.text("colour"); }), std::logic_error);
  EXPECT_THROW((void)connection_->execute("no_such_statement"), std::logic_error);
  EXPECT_THAT(names(*connection_), ElementsAre("a"));  // the connection is still good
}

TEST_P(DatabaseTest, TextIsOrderedByBytes) {
  for (const auto* name : {"b", "B", "a_1", "a-1", "ä", "a1"}) EXPECT_OK(connection_->execute("insert", {name, 1, 1.0, nullptr}));
  EXPECT_THAT(names(*connection_), ElementsAre("B", "a-1", "a1", "a_1", "b", "ä"));
}

TEST_P(DatabaseTest, ExecuteCountsRows) {
  for (int weight = 0; weight < 5; ++weight) EXPECT_OK(connection_->execute("insert", {std::to_string(weight), weight, 0.0, nullptr}));
  VALUE_OF(const auto removed, connection_->execute("remove_lighter", {3}));
  EXPECT_EQ(removed, 3);
  VALUE_OF(const auto again, connection_->execute("remove_lighter", {3}));
  EXPECT_EQ(again, 0);
}

TEST_P(DatabaseTest, RowKeysGrowAndAreFoundInAList) {
  const auto pk = [](const Row& row) { return row.integer("pk"); };
  VALUE_OF(const auto first, connection_->read_one("insert_returning", {"a", 1}, pk));
  VALUE_OF(const auto taken, connection_->read_one("insert_returning", {"a", 1}, pk));
  VALUE_OF(const auto second, connection_->read_one("insert_returning", {"b", 1}, pk));
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(taken);
  EXPECT_GT(*second, *first);
  VALUE_OF(const auto some,
           connection_->read_all("list_some", {fmt::format("[{},{}]", *second, 12345)}, [](const Row& row) { return row.text("name"); }));
  EXPECT_THAT(some, ElementsAre("b"));
}

TEST_P(DatabaseTest, AUniqueOrForeignKeyIsAConflict) {
  EXPECT_OK(connection_->execute("insert", {"a", 1, 1.0, nullptr}));
  EXPECT_ERROR(connection_->execute("insert", {"a", 1, 1.0, nullptr}), kConflict);
  EXPECT_ERROR(connection_->execute("insert_part", {4711}), kConflict);
}

TEST_P(DatabaseTest, ANulIsRefused) { EXPECT_ERROR(connection_->execute("insert", {std::string("a\0b", 3), 1, 1.0, nullptr}), kInvalidInput); }

TEST_P(DatabaseTest, TheWrongNumberOfValuesIsAnError) { EXPECT_ERROR(connection_->execute("remove_lighter", {1, 2}), kInternal); }

TEST_P(DatabaseTest, WithoutCommitNothingHappened) {
  {
    VALUE_OF(auto transaction, Transaction::begin(*connection_));
    EXPECT_OK(transaction.connection().execute("insert", {"a", 1, 1.0, nullptr}));
  }
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_TRUE(names(*connection_).empty());
}

TEST_P(DatabaseTest, ASavepointUndoesOnlyItsPiece) {
  VALUE_OF(auto transaction, Transaction::begin(*connection_));
  EXPECT_OK(connection_->execute("insert", {"kept", 1, 1.0, nullptr}));
  const auto undone = transaction.with_savepoint([&](Transaction& inner) -> Status {
    CHECK_OK(inner.connection().execute("insert", {"undone", 1, 1.0, nullptr}));
    const auto nested = inner.with_savepoint([&](Transaction& deeper) -> Status {
      CHECK_OK(deeper.connection().execute("insert", {"kept", 2, 2.0, nullptr}));
      return ok();
    });
    EXPECT_FALSE(nested);
    CHECK_OK(inner.connection().execute("insert", {"also undone", 1, 1.0, nullptr}));
    return Error(ErrorCode::kWrongState, "no");
  });
  EXPECT_FALSE(undone);
  EXPECT_OK(connection_->execute("insert", {"later", 1, 1.0, nullptr}));
  EXPECT_OK(transaction.commit());
  EXPECT_THAT(names(*connection_), ElementsAre("kept", "later"));
}

TEST_P(DatabaseTest, AReaderSeesOneStateAndCannotWrite) {
  VALUE_OF(auto reader, database_->connect(Access::kRead));
  VALUE_OF(auto reading, Transaction::begin(*reader, Access::kRead));
  EXPECT_TRUE(names(*reader).empty());
  EXPECT_OK(connection_->execute("insert", {"a", 1, 1.0, nullptr}));
  EXPECT_TRUE(names(*reader).empty());
  reading.rollback();
  EXPECT_THAT(names(*reader), ElementsAre("a"));
  EXPECT_FALSE(reader->execute("insert", {"b", 1, 1.0, nullptr}));
}

TEST_P(DatabaseTest, TheCheckOfAGoodDatabaseIsOk) { EXPECT_OK(connection_->quick_check()); }

TEST_P(DatabaseTest, OpeningAgainChangesNothing) {
  EXPECT_OK(connection_->execute("insert", {"a", 1, 1.0, nullptr}));
  VALUE_OF(auto again, Database::open(settings(), two_tables()));
  VALUE_OF(auto connection, again->connect(Access::kRead));
  EXPECT_THAT(names(*connection), ElementsAre("a"));
}

TEST_P(DatabaseTest, AMissingMigrationIsAddedToWhatIsThere) {
  EXPECT_OK(connection_->execute("insert", {"a", 1, 1.0, nullptr}));
  Schema newer = two_tables();
  newer.migrations.push_back({3, "0003_colours", "ALTER TABLE things ADD COLUMN colour TEXT;"});
  newer.statements.push_back({"colours", "SELECT colour FROM things"});
  VALUE_OF(auto opened, Database::open(settings(), newer));
  VALUE_OF(auto connection, opened->connect(Access::kRead));
  VALUE_OF(const auto colours, connection->read_all("colours", {}, [](const Row& row) { return row.optional_text("colour"); }));
  EXPECT_THAT(colours, ElementsAre(std::nullopt));
}

TEST_P(DatabaseTest, ANewerDatabaseIsRefusedWithAClearWord) {
  Schema older = two_tables();
  older.migrations.pop_back();
  const auto opened = Database::open(settings(), older);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataFormat);
  EXPECT_THAT(opened.error().to_terminal(), HasSubstr("newer version of stoker"));
  EXPECT_THAT(opened.error().to_terminal(), HasSubstr("0002_parts"));
}

TEST_P(DatabaseTest, AChangedMigrationIsRefused) {
  Schema changed = two_tables();
  changed.migrations[0].sql = "CREATE TABLE other (a BIGINT);";
  EXPECT_ERROR(Database::open(settings(), changed), kDataFormat);
}

TEST_P(DatabaseTest, AMigrationThatFailsLeavesNothingBehind) {
  Schema broken = two_tables();
  broken.migrations.push_back({3, "0003_good", "CREATE TABLE three (a BIGINT);"});
  broken.migrations.push_back({4, "0004_broken", "CREATE TABLE four (a BIGINT); CREATE NONSENSE;"});
  EXPECT_FALSE(Database::open(settings(), broken));
  broken.migrations.pop_back();
  EXPECT_OK(Database::open(settings(), broken));
}

TEST_P(DatabaseTest, ManyOpenAnEmptyDatabaseAtOnce) {
  Settings empty = settings();
  if (GetParam() == Engine::kSqlite) {
    empty.url = folder() + "/another.sqlite";
  } else {
    EXPECT_OK(connection_->run_script("DROP TABLE parts; DROP TABLE things; DROP TABLE schema_migrations"));
  }
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto database = Database::open(empty, two_tables());
      EXPECT_TRUE(database) << database.error().to_line();
      opened += database ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 8);
}

}  // namespace
}  // namespace stoker::db
