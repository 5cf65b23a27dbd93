#pragma once
// For the tests of the repositories: an empty catalog with one workspace, on either engine.

#include <gmock/gmock.h>

#include "catalog/catalog.hpp"
#include "catalog/events.hpp"
#include "catalog/experiments.hpp"
#include "catalog/files.hpp"
#include "catalog/idempotency.hpp"
#include "catalog/meta.hpp"
#include "catalog/runs.hpp"
#include "catalog/tags.hpp"
#include "catalog/workspaces.hpp"
#include "db/testing.hpp"
#include "domain/names.hpp"

namespace stoker::catalog {
using db::testing::Engine;

class RepositoryTest : public db::testing::OnBothEngines {
 protected:
  using Run = stoker::Run;  // and not GoogleTest's private function

  void SetUp() override {
    OnBothEngines::SetUp();
    if (HasFatalFailure()) return;
    auto database = db::Database::open(settings(), schema());
    ASSERT_TRUE(database) << database.error().to_line();
    database_ = std::move(*database);
    auto connection = database_->connect(db::Access::kWrite);
    ASSERT_TRUE(connection) << connection.error().to_line();
    connection_ = std::move(*connection);
    auto transaction = db::Transaction::begin(*connection_);
    ASSERT_TRUE(transaction) << transaction.error().to_line();
    transaction_.emplace(std::move(*transaction));
    auto workspace = create_workspace(tx(), {"sub", "group", "main"}, clock_.now(), random_);
    ASSERT_TRUE(workspace) << workspace.error().to_line();
    workspace_ = std::move(*workspace);
  }
  void TearDown() override {
    transaction_.reset();
    connection_.reset();
    database_.reset();
  }

  db::Transaction& tx() { return *transaction_; }

  Run a_run(const std::string& experiment = "train") {
    clock_.advance(Duration(1'000'000));
    Run run;
    run.workspace = workspace_.id;
    run.experiment_name = experiment;
    run.id = new_run_id(experiment, clock_.now(), random_);
    run.display_name = "calm_badger";
    run.created_at = clock_.now();
    run.spec.workspace = workspace_.name;
    run.spec.experiment = experiment;
    run.spec.argv = {"python", "train.py"};
    return run;
  }
  Run inserted(Run run) {
    auto made = insert_run(tx(), std::move(run), random_);
    EXPECT_TRUE(made) << made.error().to_line();
    return made ? *made : Run();
  }
  void move_to(Run& run, RunState state) {
    const auto before = run.state;
    run.state = state;
    auto moved = update_run(tx(), run, before, run.attempt);
    EXPECT_TRUE(moved && *moved);
  }
  std::vector<std::string> ids(const RunFilter& filter, std::size_t limit = 100, const std::string& cursor = {}) {
    auto page = list_runs(tx(), filter, limit, cursor);
    EXPECT_TRUE(page) << page.error().to_line();
    std::vector<std::string> found;
    if (page)
      for (const auto& run : page->runs) found.push_back(run.id.text());
    return found;
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<db::Connection> connection_;
  std::optional<db::Transaction> transaction_;
  Workspace workspace_;
};

}  // namespace stoker::catalog
