#include "runs/run_service.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "catalog/events.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "protocol/record.hpp"
#include "runs/test_service.hpp"

namespace stoker::runs {
namespace {

TEST_F(RunServiceTest, SubmittedRunCompletesWithEverythingItSaid) {
  start();
  const auto submitted = submit();
  EXPECT_EQ(submitted.state, RunState::kNotStarted);
  EXPECT_EQ(submitted.number, 1);
  const auto run = when_ended(submitted.id);
  EXPECT_EQ(run.state, RunState::kCompleted);
  EXPECT_EQ(run.attempt, 1);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
  std::vector<std::string> phases;
  for (const auto& phase : run.phases) phases.push_back(phase.name);
  EXPECT_EQ(phases, (std::vector<std::string>{"queue", "snapshot", "run"}));
  until([&] { return mock_->released() == 1; });
  EXPECT_EQ(service_->counts().running, 0);
  EXPECT_EQ(service_->counts().cpus_used, 0);
}

TEST_F(RunServiceTest, FailureKeepsItsError) {
  start();
  const auto run = when_ended(submit("failure").id);
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->exit_code, 1);
  EXPECT_EQ(run.error->type, "ValueError");
}

TEST_F(RunServiceTest, EventsTellTheStoryInOrder) {
  start();
  const auto run = when_ended(submit().id);
  const auto events = *wait(catalog_->read([id = run.id](db::Connection& connection) { return catalog::list_events(connection, id); }));
  std::vector<std::string> story;
  for (const auto& event : events)
    if (event.kind == "state") story.emplace_back(event.data.at("to").as_string());
  EXPECT_EQ(story, (std::vector<std::string>{"NotStarted", "Starting", "Preparing", "Running", "Finalizing", "Completed"}));
}

TEST_F(RunServiceTest, HundredRunsGoTwoAtATimeInOrder) {
  start();
  std::vector<RunId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(submit().id);
  for (const auto& id : ids) EXPECT_EQ(when_ended(id).state, RunState::kCompleted);
  ASSERT_EQ(mock_->plans().size(), 100U);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(mock_->plans()[i].run, ids[i]);
    EXPECT_LT(mock_->plans()[i].slot, 2);
  }
  EXPECT_EQ(mock_->begun(), 100);
}

TEST_F(RunServiceTest, CancelOfAWaitingRunEndsItAtOnce) {
  start();
  const auto first = submit("hang"), second = submit("hang"), third = submit();
  when_in(second.id, RunState::kRunning);
  const auto canceled = *wait(service_->cancel(third.id, "ana"));
  EXPECT_EQ(canceled.state, RunState::kCanceled);
  EXPECT_EQ(canceled.end->message, "canceled by ana before it started");
  EXPECT_EQ(service_->counts().queued, 0);
  EXPECT_EQ(service_->counts().running, 2);
}

TEST_F(RunServiceTest, CancelOfARunningRunReachesItsSupervisor) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  EXPECT_EQ(wait(service_->cancel(run.id, "ana"))->state, RunState::kCancelRequested);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kCanceled);
  EXPECT_EQ(ended.end->message, "canceled by ana");
}

TEST_F(RunServiceTest, SecondCancelChangesNothing) {
  start();
  const auto run = submit("deaf");
  when_in(run.id, RunState::kRunning);
  EXPECT_TRUE(wait(service_->cancel(run.id, "ana")));
  EXPECT_EQ(wait(service_->cancel(run.id, "bob"))->cancel_by, "ana");
  const auto waiting = submit();
  when_ended(waiting.id);
  const auto late = wait(service_->cancel(waiting.id, "ana"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->cancel(RunId("nobody"), "ana")).error().code(), ErrorCode::kNotFound);
}

TEST_F(RunServiceTest, SupervisorThatIgnoresACancelIsEndedByForce) {
  start();
  const auto run = submit("deaf");
  when_in(run.id, RunState::kRunning);
  EXPECT_TRUE(wait(service_->cancel(run.id, "ana")));
  clock_.advance(13s);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kCanceled);
  EXPECT_EQ(ended.end->reason, EndReason::kLost);
}

TEST_F(RunServiceTest, SupervisorThatDiesIsReplacedAndTellsTheEndOnce) {
  start();
  const auto run = when_ended(submit("lost").id);
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->reason, EndReason::kLost);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
  EXPECT_EQ(when_ended(submit().id).state, RunState::kCompleted) << "the slot serves again";
}

TEST_F(RunServiceTest, PlaceThatVanishedEndsTheRunAsLost) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  mock_->forget(0);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kFailed);
  EXPECT_EQ(ended.end->reason, EndReason::kLost);
  EXPECT_EQ(ended.end->message, "there is no such mock supervisor");
}

TEST_F(RunServiceTest, SupervisorThatCannotBeStartedAgainEndsTheRunAsLost) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  mock_->give_up(0);
  mock_->kill(0);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kFailed);
  EXPECT_EQ(ended.end->reason, EndReason::kLost);
  EXPECT_EQ(ended.end->message, "its supervisor died 5 times in a row as soon as it was started");
}

TEST_F(RunServiceTest, SilentSupervisorIsNotRespondingUntilItIsBack) {
  start();
  const auto run = submit("silent");
  until([&] { return mock_->begun() == 1; });
  when_in(run.id, RunState::kStarting);
  clock_.advance(31s);
  when_in(run.id, RunState::kNotResponding);
  mock_->connect(0);
  when(run.id, [](const Run& now) { return now.state != RunState::kNotResponding; });
}

TEST_F(RunServiceTest, RestartOfTheServerGoesOnWithEverything) {
  start();
  const auto running = submit("hang"), also_running = submit("hang"), waiting = submit();
  when_in(also_running.id, RunState::kRunning);
  when_in(running.id, RunState::kRunning);
  stop();
  start();
  EXPECT_EQ(service_->counts().running, 2);
  EXPECT_EQ(service_->counts().queued, 1);
  EXPECT_EQ(service_->counts().cpus_used, 2);
  EXPECT_TRUE(wait(service_->cancel(running.id, "ana")));
  EXPECT_EQ(when_ended(running.id).state, RunState::kCanceled);
  EXPECT_EQ(when_ended(waiting.id).state, RunState::kCompleted);
  EXPECT_EQ(read(also_running.id).state, RunState::kRunning);
  EXPECT_EQ(mock_->begun(), 3) << "nothing was started twice";
}

TEST_F(RunServiceTest, RunThatEndedWhileTheServerWasAwayIsFoundWithItsEnd) {
  start();
  const auto run = submit("slow");
  until([&] { return mock_->begun() == 1; });
  stop();
  wait(io::sleep_for(60ms));  // its program begins and ends meanwhile (delay_ms)
  start();
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
}

TEST_F(RunServiceTest, CrashBetweenStoringThePlaceAndTheStartSendsTheStartAgain) {
  start(true, false);  // supervisors do not reach the server
  const auto run = submit();
  when_in(run.id, RunState::kStarting);
  EXPECT_EQ(mock_->begun(), 0);
  stop();
  start();
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
  EXPECT_EQ(mock_->begun(), 1);
}

TEST_F(RunServiceTest, TargetThatCannotForNowIsAskedAgain) {
  targets::Context context{.loop = loop_, .pool = pool_, .name = "local", .directory = folder_, .settings = {}};
  context.wire = &world_;
  mock_ = std::make_unique<targets::MockTarget>(std::move(context), targets::MockTarget::Settings{.refuse = 1});
  start();
  const auto run = submit();
  until([&] { return wait(service_->explain(run.id))->reasons.front().starts_with("the target \"local\" could not start it"); });
  clock_.advance(2s);
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
}

TEST_F(RunServiceTest, ExplainSaysWhoIsAhead) {
  start();
  const auto first = submit("hang"), second = submit("hang");
  submit();
  const auto last = submit();
  when_in(first.id, RunState::kRunning);
  when_in(second.id, RunState::kRunning);
  const auto answer = *wait(service_->explain(last.id));
  EXPECT_EQ(answer.ahead, 1);
  EXPECT_EQ(answer.reasons.at(0), "waits for its turn on the target \"local\": 1 run is ahead");
  EXPECT_TRUE(answer.reasons.at(1).starts_with("the first in the line waits for 1 CPU slot: 2 of 2 are used by default_"));
}
}  // namespace
}  // namespace stoker::runs
