#include "runs/removal.hpp"

#include "catalog/removals.hpp"
#include "runs/test_service.hpp"

namespace stoker::runs {
namespace {

class RemovalTest : public RunServiceTest {
 protected:
  Run finished(std::optional<RunId> parent = std::nullopt) {
    auto wanted = spec();
    wanted.parent = std::move(parent);
    return when_ended(submit(std::move(wanted)).id);
  }
  Run hanging(std::optional<RunId> parent = std::nullopt) {
    auto wanted = spec("hang");
    wanted.parent = std::move(parent);
    return submit(std::move(wanted));
  }
  void end(const RunId& run) {
    ASSERT_TRUE(wait(service_->cancel(run, "ana")));
    when_ended(run);
  }
  bool is_there(const RunId& run) {
    return wait(catalog_->read([run](db::Connection& connection) { return catalog::look_up_run(connection, run); }))->has_value();
  }
  std::size_t notes() {
    return wait(catalog_->read([](db::Connection& connection) { return catalog::runs_being_removed(connection); }))->size();
  }
};

TEST_F(RemovalTest, NothingOfTheRunIsLeft) {
  start();
  const auto run = finished();
  ASSERT_GT(*logs_->size(run.id), 0U);
  ASSERT_GT(*metrics_->count(run.id), 0U);
  const std::vector<metrics::NumberedPoint> sample = {{1, {"sample", MetricKind::kRow, {1.0}, {"cpu_percent"}, std::nullopt, clock_.now()}}};
  ASSERT_TRUE(samples_->append(run.id, 1, sample));
  ASSERT_TRUE(wait(service_->remove(run.id, false)));
  EXPECT_FALSE(is_there(run.id));
  EXPECT_EQ(*logs_->size(run.id), 0U);
  EXPECT_EQ(*metrics_->count(run.id), 0U);
  EXPECT_EQ(*samples_->count(run.id), 0U);
  EXPECT_EQ(notes(), 0U);
  EXPECT_EQ(wait(service_->remove(run.id, false)).error().code(), ErrorCode::kNotFound);
}

TEST_F(RemovalTest, LiveRunsAndParentsStay) {
  start();
  const auto parent = hanging();
  const auto child = hanging(parent.id);
  const auto live = hanging(child.id);
  end(child.id);
  end(parent.id);
  EXPECT_EQ(wait(service_->remove(parent.id, false)).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(wait(service_->remove(live.id, false)).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->remove(parent.id, true)).error().code(), ErrorCode::kWrongState);
  EXPECT_TRUE(is_there(parent.id) && is_there(child.id) && is_there(live.id));
  end(live.id);
  ASSERT_TRUE(wait(service_->remove(parent.id, true)));
  EXPECT_FALSE(is_there(parent.id) || is_there(child.id) || is_there(live.id));
}

TEST_F(RemovalTest, WhatACrashLeftIsDoneAtTheNextStart) {
  start();
  const auto run = finished();
  stop();
  auto rows = [id = run.id](db::Transaction& transaction) { return catalog::remove_run(transaction, id); };
  ASSERT_TRUE(wait(catalog_->write(rows)));
  ASSERT_GT(*logs_->size(run.id), 0U);
  start();
  EXPECT_EQ(*logs_->size(run.id), 0U);
  EXPECT_EQ(*metrics_->count(run.id), 0U);
  EXPECT_EQ(notes(), 0U);
}

TEST_F(RemovalTest, AWorkspaceGoesWithItsRuns) {
  start();
  const auto parent = hanging();
  const auto child = finished(parent.id);
  end(parent.id);
  EXPECT_EQ(wait(service_->remove_workspace(parent.workspace, false)).error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(wait(service_->remove_workspace(parent.workspace, true)));
  EXPECT_FALSE(is_there(parent.id) || is_there(child.id));
  EXPECT_EQ(wait(service_->remove_workspace(parent.workspace, true)).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(is_there(finished().id));  // the workspace comes into being again
}

}  // namespace
}  // namespace stoker::runs
