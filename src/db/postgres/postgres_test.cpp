// What only PostgreSQL does: connections that are refused or lost, and passwords that are not shown.
#include <gmock/gmock.h>

#include "db/embedded.hpp"
#include "db/postgres/postgres_kind.hpp"
#include "db/testing.hpp"

namespace stoker::db {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr EmbeddedFile kStatements[] = {{"session", R"(
-- name: end_every_other_session
SELECT COUNT(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database();
-- name: one
SELECT 1 AS one;
-- name: durability
SHOW synchronous_commit;
)"}};

class PostgresTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(testing::PostgresServer::instance().problem(), ""); }
  static const Schema& statements() {
    static const auto schema = make_schema(kStatements, {});
    return *schema;
  }
  static std::string url() { return testing::PostgresServer::instance().url("public"); }
};

TEST_F(PostgresTest, AServerThatIsNotThereIsToldWithoutThePassword) {
  const auto opened = Database::open({.url = "postgresql://anna:s3cret@127.0.0.1:1/stoker?password=s3cret"}, statements());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kIo);
  EXPECT_TRUE(opened.error().is_retryable());
  EXPECT_THAT(opened.error().to_terminal(), HasSubstr("anna@127.0.0.1"));
  EXPECT_THAT(opened.error().to_terminal(), Not(HasSubstr("s3cret")));
}

TEST_F(PostgresTest, ThePlaceIsShownWithoutThePassword) {
  const auto place = [](const std::string& url) { return (*make_postgres_kind({.url = url}))->place(); };
  EXPECT_EQ(place("postgresql://a:b@host/name"), "postgresql://a@host/name");
  EXPECT_EQ(place("postgresql://host:5432/name"), "postgresql://host:5432/name");
  EXPECT_EQ(place("postgresql:///name?user=a&password=b&host=c"), "postgresql:///name?user=a&password=***&host=c");
}

TEST_F(PostgresTest, ALostConnectionIsToldAndABrokenOneIsKnown) {
  VALUE_OF(auto database, Database::open({.url = url()}, statements()));
  VALUE_OF(auto victim, database->connect(Access::kWrite));
  VALUE_OF(auto other, database->connect(Access::kWrite));
  EXPECT_OK(victim->execute("one"));
  VALUE_OF(auto transaction, Transaction::begin(*victim));
  EXPECT_OK(other->execute("end_every_other_session"));
  EXPECT_ERROR(victim->execute("one"), kIo);
  EXPECT_TRUE(victim->is_broken());
  EXPECT_FALSE(victim->in_transaction());
}

TEST_F(PostgresTest, ACommitIsSynced) {
  VALUE_OF(auto database, Database::open({.url = url()}, statements()));
  VALUE_OF(auto connection, database->connect(Access::kWrite));
  VALUE_OF(const auto durability, connection->read_one("durability", {}, [](const Row& row) { return row.text("synchronous_commit"); }));
  EXPECT_EQ(durability, "on");
}

}  // namespace
}  // namespace stoker::db
