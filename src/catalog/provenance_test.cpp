// Diffs and environments of runs, on both engines.
#include "catalog/provenance.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "catalog/removals.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "db/testing.hpp"

namespace stoker::catalog {
namespace {

using db::testing::Engine;

class ProvenanceTest : public db::testing::OnBothEngines {
 protected:
  void SetUp() override {
    OnBothEngines::SetUp();
    if (HasFatalFailure()) return;
    database_ = *db::Database::open(settings(), schema());
    connection_ = *database_->connect(db::Access::kWrite);
    transaction_.emplace(*db::Transaction::begin(*connection_));
    workspace_ = *create_workspace(tx(), {"sub", "group", "main"}, clock_.now(), random_);
  }
  void TearDown() override {
    transaction_.reset();
    connection_.reset();
    database_.reset();
  }
  db::Transaction& tx() { return *transaction_; }
  RunId a_run(const std::string& id) {
    stoker::Run run;
    run.workspace = workspace_.id;
    run.experiment_name = "train";
    run.id = RunId(id);
    run.created_at = clock_.now();
    run.spec.argv = {"true"};
    EXPECT_TRUE(insert_run(tx(), run, random_));
    return run.id;
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<db::Connection> connection_;
  std::optional<db::Transaction> transaction_;
  Workspace workspace_;
};
INSTANTIATE_TEST_SUITE_P(Engines, ProvenanceTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

TEST_P(ProvenanceTest, ADiffIsKeptWithItsRun) {
  const auto run = a_run("a_1_1"), other = a_run("a_1_2");
  EXPECT_OK(put_diff(tx(), run, {.size_bytes = 12, .object = sha256("x")}));
  VALUE_OF(const auto found, look_up_diff(tx(), run));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size_bytes, 12);
  EXPECT_EQ(found->object, sha256("x"));
  VALUE_OF(const auto none, look_up_diff(tx(), other));
  EXPECT_FALSE(none);
}

TEST_P(ProvenanceTest, EqualEnvironmentsAreStoredOnceAndALaterOneReplaces) {
  const auto a = a_run("a_1_1"), b = a_run("a_1_2");
  const json::object old{{"version", "3.8"}}, now{{"version", "3.11"}};
  EXPECT_OK(put_environment(tx(), a, old));
  EXPECT_OK(put_environment(tx(), b, old));
  EXPECT_OK(put_environment(tx(), a, now));
  VALUE_OF(const auto of_a, look_up_environment(tx(), a));
  VALUE_OF(const auto of_b, look_up_environment(tx(), b));
  VALUE_OF(const auto of_none, look_up_environment(tx(), RunId("none")));
  EXPECT_EQ(of_a, now);
  EXPECT_EQ(of_b, old);
  EXPECT_FALSE(of_none);
}

TEST_P(ProvenanceTest, BothGoWithTheRun) {
  const auto run = a_run("a_1_1");
  EXPECT_OK(put_diff(tx(), run, {.size_bytes = 12, .object = sha256("x")}));
  EXPECT_OK(put_environment(tx(), run, {{"version", "3.8"}}));
  EXPECT_OK(remove_run(tx(), run));
  VALUE_OF(const auto diff, look_up_diff(tx(), run));
  VALUE_OF(const auto environment, look_up_environment(tx(), run));
  EXPECT_FALSE(diff || environment);
}

}  // namespace
}  // namespace stoker::catalog
