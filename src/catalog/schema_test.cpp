// What the migrations make, as one file that a reviewer can read, and that every statement walks an index.
#include <cstdlib>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "catalog/catalog.hpp"
#include "db/testing.hpp"

namespace stoker::catalog {
namespace {

/// The bare engine, to look behind db/.
class SqliteFile {
 public:
  explicit SqliteFile(const std::string& path) { sqlite3_open(path.c_str(), &handle_); }
  ~SqliteFile() { sqlite3_close(handle_); }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  std::vector<std::string> column(const std::string& sql, int number) {
    std::vector<std::string> rows;
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(handle_) << "\n" << sql;
    while (sqlite3_step(statement) == SQLITE_ROW) rows.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, number)));
    sqlite3_finalize(statement);
    return rows;
  }

 private:
  sqlite3* handle_ = nullptr;
};

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() {
    const auto database = db::Database::open({.url = path_}, schema());
    EXPECT_TRUE(database) << database.error().to_line();
  }
  db::testing::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/catalog.sqlite";
};

TEST_F(SchemaTest, TheDumpIsUpToDate) {
  std::string dump = "-- What the migrations make of an empty SQLite file; for reading and review. Rewritten by STOKER_ACCEPT=1 test_catalog.\n";
  for (const auto& sql : SqliteFile(path_).column("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name", 0))
    dump += "\n" + sql + ";\n";
  const std::string place = STOKER_SOURCE_DIR "/src/catalog/schema.sql";
  if (std::getenv("STOKER_ACCEPT") != nullptr) {
    std::ofstream(place) << dump;
    GTEST_SKIP() << "rewrote " << place;
  }
  std::ifstream file(place);
  const std::string kept(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(dump, kept) << "run test_catalog with STOKER_ACCEPT=1 and look at the difference";
}

/// `$1`… as SQLite's planner is asked: spelled by the kind's words.
std::string plan_of(SqliteFile& file, std::string sql) {
  for (const std::string_view word : {"EACH_INTEGER", "EACH_OBJECT"}) {
    for (auto at = sql.find(word); at != std::string::npos; at = sql.find(word))
      sql.replace(at, word.size() + 4, "(SELECT value FROM json_each($1))");
  }
  std::string plan;
  for (const auto& step : file.column("EXPLAIN QUERY PLAN " + sql, 3)) plan += step + "\n";
  return plan;
}

TEST_F(SchemaTest, NoStatementReadsAWholeTableOrSorts) {
  // Workspaces and experiments are few; the newest 50 runs end at their limit; all live runs are what is asked for.
  const std::set<std::string> whole = {"list_workspaces", "newest_run_ids", "all_experiment_pks"};
  SqliteFile file(path_);
  for (const auto& statement : schema().statements) {
    const auto plan = plan_of(file, statement.sql);
    // Distinct contexts of an experiment's data sets: one page of the web pages asks for them.
    if (statement.name == "dataset_summaries") continue;
    EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("TEMP B-TREE"))) << statement.name;
    if (whole.contains(statement.name) || statement.name == "live_runs" || statement.name == "count_live_runs") continue;
    for (const auto* table : {"SCAN r\n", "SCAN runs", "SCAN e\n", "SCAN w\n", "SCAN workspaces", "SCAN experiments", "SCAN run_"})
      EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr(table))) << statement.name;
  }
}

TEST_F(SchemaTest, EachListOfRunsWalksItsIndex) {
  const std::map<std::string, std::string> expected = {
      {"list_runs", "SEARCH r USING INTEGER PRIMARY KEY (rowid<?)"},
      {"list_runs_of_workspace", "runs_by_workspace (workspace_pk=? AND pk<?)"},
      {"list_runs_of_experiment", "(experiment_pk=? AND number<?)"},
      {"list_runs_of_parent", "runs_by_parent (parent_pk=? AND pk<?)"},
      {"list_runs_ended", "runs_ended (workspace_pk=? AND state=? AND pk<?)"},
      {"list_runs_live", "runs_live"},
      {"list_runs_archived", "runs_archived (pk<?)"},
      {"live_runs", "runs_live"},
      {"count_live_runs", "runs_live"},
      {"list_runs_by_prefix", "(id>? AND id<?)"},
      {"walk_runs_newest", "runs_by_start (experiment_pk=? AND <expr><?)"},
      {"walk_runs_oldest", "runs_by_start (experiment_pk=? AND <expr>>?)"},
      {"walk_metric_up", "latest_metrics_by_value (experiment_pk=? AND key=? AND is_nan=? AND value>? AND value<?)"},
      {"walk_metric_down", "latest_metrics_by_value (experiment_pk=? AND key=? AND is_nan=? AND value>? AND value<?)"},
      {"count_metric", "COVERING INDEX latest_metrics_by_value"},
  };
  SqliteFile file(path_);
  for (const auto& statement : schema().statements) {
    const auto wanted = expected.find(statement.name);
    if (wanted != expected.end()) EXPECT_THAT(plan_of(file, statement.sql), ::testing::HasSubstr(wanted->second)) << statement.name;
  }
}

}  // namespace
}  // namespace stoker::catalog
