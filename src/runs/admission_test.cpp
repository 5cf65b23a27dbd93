#include "runs/admission.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog/events.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "protocol/record.hpp"
#include "runs/test_service.hpp"

namespace stoker::runs {
namespace {

using AdmissionTest = RunServiceTest;

TEST_F(AdmissionTest, AllMistakesAreToldAtOnce) {
  start(false);
  auto wrong = spec();
  wrong.argv.clear();
  wrong.script = "train.py";
  wrong.environment.kind = "user-manged";
  wrong.resources = {.cpus = 9, .gpus = 1};
  wrong.snapshot = SnapshotId(std::string(64, 'b'));
  wrong.parent = RunId("nobody");
  wrong.workspace.name = "elsewhere";
  const auto refused = wait(service_->submit({.spec = wrong, .diff = {}}, std::nullopt));
  ASSERT_FALSE(refused);
  const auto error = refused.error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  std::vector<std::string> paths;
  for (const auto& mistake : error.mistake_list()) paths.push_back(mistake.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"resources.cpus", "resources.gpus", "environment", "snapshot", "workspace", "parent"}));
}

TEST_F(AdmissionTest, SharedServerNamesTheCommandThatWouldCreateTheWorkspace) {
  start(false);
  const auto refused = wait(service_->submit({.spec = spec(), .diff = {}}, std::nullopt));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(refused.error().message().find("workspace"), std::string::npos);
}

TEST_F(AdmissionTest, FinishedRunGetsNoMoreChildren) {
  start();
  const auto parent = when_ended(submit(spec()).id);
  auto late = spec();
  late.parent = parent.id;
  const auto refused = wait(service_->submit({.spec = late, .diff = {}}, std::nullopt));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(refused.error().mistake_list().front().message,
            fmt::format("run {} has ended already (Completed) and gets no more children", parent.id.text()));
}

TEST_F(AdmissionTest, RequestLargerThanTheTargetIsRejected) {
  start();
  auto large = spec();
  large.resources.cpus = 3;
  EXPECT_EQ(wait(service_->submit({.spec = large, .diff = {}}, std::nullopt)).error().code(), ErrorCode::kTargetRejected);
  large.target = "locl";
  large.resources.cpus = 1;
  const auto refused = wait(service_->submit({.spec = large, .diff = {}}, std::nullopt));
  EXPECT_EQ(refused.error().mistake_list().front().message, "there is no target \"locl\"; did you mean \"local\"?");
}

TEST_F(AdmissionTest, SameKeyIsTheSameRun) {
  start();
  const auto first = *wait(service_->submit({.spec = spec(), .diff = {}}, "key"));
  const auto again = *wait(service_->submit({.spec = spec(), .diff = {}}, "key"));
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(wait(service_->submit({.spec = spec("failure"), .diff = {}}, "key")).error().code(), ErrorCode::kConflict);
  when_ended(first.id);
  EXPECT_EQ(mock_->begun(), 1);
}

TEST_F(AdmissionTest, BatchIsAllOrNone) {
  start();
  auto large = spec();
  large.resources.cpus = 3;
  const auto refused = wait(service_->submit_batch({{spec(), {}}, {large, {}}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().mistake_list().front().path, "runs[1].resources.cpus");
  EXPECT_EQ(service_->counts().queued + service_->counts().running, 0);
  const auto runs = *wait(service_->submit_batch({{spec(), {}}, {spec(), {}}, {spec(), {}}}));
  for (const auto& run : runs) EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
}
}  // namespace
}  // namespace stoker::runs
