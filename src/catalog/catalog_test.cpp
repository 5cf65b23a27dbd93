// Group commit, through the door that the server uses.
#include "catalog/catalog.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "catalog/meta.hpp"
#include "db/testing.hpp"

namespace stoker::catalog {
namespace {

using db::testing::Engine;
using ::testing::HasSubstr;

class CatalogTest : public db::testing::OnBothEngines {
 protected:
  void SetUp() override {
    OnBothEngines::SetUp();
    if (!HasFatalFailure()) open({});
  }
  void open(Limits limits) {
    catalog_.reset();
    auto opened = Catalog::open(settings(), loop_, pool_, limits);
    ASSERT_TRUE(opened) << opened.error().to_line();
    catalog_ = std::move(*opened);
  }

  /// Runs one coroutine to its end on the loop.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    auto keep = [](io::Task<T> task, std::optional<T>& result) -> io::Task<void> { result.emplace(co_await std::move(task)); };
    io::TaskGroup group(loop_, "test");
    group.spawn("test", keep(std::move(task), result));
    loop_.restart();
    loop_.run();
    return std::move(*result);
  }

  static auto set(std::string name, std::string value) {
    return [name, value](db::Transaction& tx) { return set_meta(tx, name, value); };
  }
  std::optional<std::string> get(std::string name) {
    auto found = run(catalog_->read([name](db::Connection& connection) { return find_meta(connection, name); }));
    EXPECT_TRUE(found) << found.error().to_line();
    return found ? *found : std::nullopt;
  }

  io::Loop loop_;
  io::Pool pool_{2};
  std::unique_ptr<Catalog> catalog_;
};
INSTANTIATE_TEST_SUITE_P(Engines, CatalogTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

TEST_P(CatalogTest, AWriteIsSeenByTheReadAfterIt) {
  EXPECT_OK(run(catalog_->write(set("a", "1"))));
  EXPECT_EQ(get("a"), "1");
}

TEST_P(CatalogTest, ManyWritesShareACommitAndEachGetsItsOwnResult) {
  std::vector<Result<int>> results;
  auto one = [this, &results](int i) -> io::Task<void> {
    auto fn = [i](db::Transaction& tx) -> Result<int> {
      CHECK_OK(set_meta(tx, "k" + std::to_string(i), "v"));
      if (i % 3 == 0) return Error(ErrorCode::kWrongState, "not this one");
      return i;
    };
    auto result = co_await catalog_->write(std::move(fn));
    results.push_back(std::move(result));
  };
  io::TaskGroup group(loop_, "test");
  for (int i = 0; i < 300; ++i) group.spawn("write", one(i));
  loop_.run();
  ASSERT_EQ(results.size(), 300U);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].has_value(), i % 3 != 0);
  EXPECT_EQ(get("k3"), std::nullopt);
  EXPECT_EQ(get("k4"), "v");
  EXPECT_EQ(get("k299"), "v");
}

TEST_P(CatalogTest, WritesHappenInTheOrderInWhichTheyWereAsked) {
  int done = 0;
  auto one = [this, &done](int i) -> io::Task<void> {
    auto fn = [i](db::Transaction& tx) -> Result<std::string> {
      TRY(auto before, find_meta(tx, "last"));
      CHECK_OK(set_meta(tx, "last", std::to_string(i)));
      return before.value_or("-1");
    };
    auto before = co_await catalog_->write(std::move(fn));
    EXPECT_TRUE(before && *before == std::to_string(i - 1));
    ++done;
  };
  io::TaskGroup group(loop_, "test");
  for (int i = 0; i < 200; ++i) group.spawn("write", one(i));
  loop_.run();
  EXPECT_EQ(done, 200);
}

TEST_P(CatalogTest, AClosureThatThrowsIsABugAndHarmsNobodyElse) {
  auto bad = [](db::Transaction& tx) -> Status {
    CHECK_OK(set_meta(tx, "bad", "1"));
    throw std::logic_error("a bug");
  };
  EXPECT_ERROR(run(catalog_->write(bad)), kInternal);
  EXPECT_OK(run(catalog_->write(set("good", "1"))));
  EXPECT_EQ(get("bad"), std::nullopt);
}

TEST_P(CatalogTest, AFailedStatementIsUndoneWithTheRestOfItsClosure) {
  std::vector<Status> results;
  auto one = [this, &results](bool fails) -> io::Task<void> {
    auto fn = [fails](db::Transaction& tx) -> Status {
      CHECK_OK(set_meta(tx, fails ? "fails" : "works", "1"));
      if (fails) CHECK_OK(tx.connection().execute("set_tag_of", {4711, "no such", "run"}));
      return ok();
    };
    auto status = co_await catalog_->write(std::move(fn));
    results.push_back(std::move(status));
  };
  io::TaskGroup group(loop_, "test");
  for (const bool fails : {true, false, true, false}) group.spawn("write", one(fails));
  loop_.run();
  ASSERT_EQ(results.size(), 4U);
  EXPECT_FALSE(results[0]);
  EXPECT_TRUE(results[1]);
  EXPECT_EQ(get("fails"), std::nullopt);
  EXPECT_EQ(get("works"), "1");
}

TEST_P(CatalogTest, AFullQueueSaysSo) {
  open({.queued_writes = 4, .batch = 4});
  int overloaded = 0;
  int done = 0;
  auto one = [&, this]() -> io::Task<void> {
    auto status = co_await catalog_->write([](db::Transaction& tx) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // a slow write, so that the queue fills
      return set_meta(tx, "a", "1");
    });
    if (status) ++done;
    else if (status.error().code() == ErrorCode::kOverloaded && status.error().is_retryable()) ++overloaded;
  };
  io::TaskGroup group(loop_, "test");
  for (int i = 0; i < 50; ++i) group.spawn("write", one());
  loop_.run();
  EXPECT_GT(overloaded, 0);
  EXPECT_GT(done, 0);
  EXPECT_EQ(done + overloaded, 50);
}

TEST_P(CatalogTest, WhatIsQueuedIsFinishedBeforeTheEnd) {
  auto one = [this](int i) -> io::Task<void> {
    auto status = co_await catalog_->write(set("k" + std::to_string(i), "v"));
    EXPECT_TRUE(status);
  };
  io::TaskGroup group(loop_, "test");
  for (int i = 0; i < 100; ++i) group.spawn("write", one(i));
  loop_.poll();
  catalog_.reset();
  loop_.run();
  open({});
  EXPECT_EQ(get("k99"), "v");
}

TEST_P(CatalogTest, ACancelledCallerDoesNotUndoItsWrite) {
  auto write = [this]() -> io::Task<void> { (void)co_await catalog_->write(set("a", "1")); };
  io::TaskGroup group(loop_, "test");
  group.spawn("write", write());
  loop_.run_one();
  group.cancel();
  loop_.run();
  EXPECT_EQ(group.size(), 0U);
  EXPECT_EQ(get("a"), "1");
}

class LostConnectionTest : public CatalogTest {};
INSTANTIATE_TEST_SUITE_P(Engines, LostConnectionTest, ::testing::Values(Engine::kPostgres), db::testing::engine_name);

TEST_P(LostConnectionTest, ConnectionsThatBrokeWhileIdleAreReplaced) {
  EXPECT_OK(run(catalog_->write(set("a", "1"))));
  EXPECT_EQ(get("a"), "1");
  db::Schema other;
  other.statements.push_back(
      {"end_every_other_session",
       "SELECT COUNT(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"});
  VALUE_OF(auto database, db::Database::open({.url = db::testing::PostgresServer::instance().url("public")}, other));
  VALUE_OF(auto connection, database->connect(db::Access::kWrite));
  EXPECT_OK(connection->execute("end_every_other_session"));
  EXPECT_OK(run(catalog_->write(set("a", "2"))));
  EXPECT_EQ(get("a"), "2");
}

TEST_P(CatalogTest, TheCheckIsOk) { EXPECT_OK(run(catalog_->check())); }

// A full disk, made by replacing SQLite's own system calls.
std::atomic<int> g_write_errno = 0;

extern "C" ssize_t failing_pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
  if (g_write_errno == 0) return pwrite(fd, bytes, count, offset);
  errno = g_write_errno;
  return -1;
}

class FullDiskTest : public CatalogTest {
 protected:
  void SetUp() override {
    sqlite3_initialize();
    replace("pwrite", reinterpret_cast<sqlite3_syscall_ptr>(failing_pwrite));
    replace("pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(failing_pwrite));
    CatalogTest::SetUp();
  }
  void TearDown() override {
    g_write_errno = 0;
    catalog_.reset();
    replace("pwrite", nullptr);
    replace("pwrite64", nullptr);
  }
  static void replace(const char* name, sqlite3_syscall_ptr call) {
    auto* vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);
  }

  std::vector<Status> write_many(int count, const std::string& prefix) {
    std::vector<Status> results;
    auto one = [this, &results](std::string name) -> io::Task<void> {
      auto status = co_await catalog_->write(set(name, std::string(5000, 'x')));
      results.push_back(std::move(status));
    };
    io::TaskGroup group(loop_, "test");
    for (int i = 0; i < count; ++i) group.spawn("write", one(prefix + std::to_string(i)));
    loop_.restart();
    loop_.run();
    return results;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, FullDiskTest, ::testing::Values(Engine::kSqlite), db::testing::engine_name);

TEST_P(FullDiskTest, EveryWriteOfTheBatchIsToldAndNothingOfItIsThere) {
  EXPECT_OK(run(catalog_->write(set("before", "1"))));
  g_write_errno = ENOSPC;
  for (const auto& status : write_many(50, "full")) EXPECT_ERROR(status, kStorageFull);
  EXPECT_EQ(get("before"), "1");  // reads go on
  EXPECT_EQ(get("full0"), std::nullopt);
}

/// More than the page cache holds, so that the transaction meets the full disk before its commit.
Status write_large(db::Transaction& tx) {
  for (int i = 0; i < 3000; ++i) CHECK_OK(set_meta(tx, "large" + std::to_string(i), std::string(4000, 'x')));
  return ok();
}

TEST_P(FullDiskTest, WritesGoOnOnceThereIsSpace) {
  g_write_errno = ENOSPC;
  EXPECT_ERROR(run(catalog_->write(set("a", "1"))), kStorageFull);
  EXPECT_ERROR(run(catalog_->write(write_large)), kStorageFull);
  g_write_errno = 0;
  EXPECT_OK(run(catalog_->write(set("a", "2"))));
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("large0"), std::nullopt);
  for (const auto& status : write_many(50, "again")) EXPECT_OK(status);
  EXPECT_OK(run(catalog_->check()));
}

TEST_P(FullDiskTest, ATransactionThatEndsInTheMiddleTakesItsBatchWithIt) {
  g_write_errno = ENOSPC;
  std::vector<Status> results;
  auto one = [this, &results](bool large) -> io::Task<void> {
    auto fn = [large](db::Transaction& tx) { return large ? write_large(tx) : set_meta(tx, "small", "1"); };
    auto status = co_await catalog_->write(std::move(fn));
    results.push_back(std::move(status));
  };
  io::TaskGroup group(loop_, "test");
  for (const bool large : {false, false, true, false}) group.spawn("write", one(large));
  loop_.restart();
  loop_.run();
  ASSERT_EQ(results.size(), 4U);
  for (const auto& status : results) EXPECT_ERROR(status, kStorageFull);
  g_write_errno = 0;
  EXPECT_EQ(get("small"), std::nullopt);
  EXPECT_OK(run(catalog_->write(write_large)));
  EXPECT_EQ(get("large2999"), std::string(4000, 'x'));
}

TEST_P(FullDiskTest, AnotherIoErrorIsNotCalledAFullDisk) {
  g_write_errno = EIO;
  EXPECT_ERROR(run(catalog_->write(set("a", "1"))), kIo);
  g_write_errno = 0;
  EXPECT_OK(run(catalog_->write(set("a", "1"))));
}

}  // namespace
}  // namespace stoker::catalog
