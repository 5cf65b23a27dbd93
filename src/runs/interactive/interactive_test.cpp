#include "runs/interactive/interactive.hpp"

#include "catalog/events.hpp"
#include "runs/test_service.hpp"

namespace stoker::runs {
namespace {

class InteractiveTest : public RunServiceTest {
 protected:
  static InteractiveWish wish(std::optional<RunId> parent = std::nullopt, bool is_open = true) {
    InteractiveWish wish;
    wish.spec.kind = RunKind::kInteractive;
    wish.spec.experiment = "notebook";
    wish.spec.parent = std::move(parent);
    wish.spec.submitted_by = "ada@host";
    wish.is_open = is_open;
    return wish;
  }
  Result<std::vector<Run>> begin(std::vector<InteractiveWish> wishes, std::optional<std::string> key = std::nullopt) {
    return wait(service_->begin_interactive(std::move(wishes), std::move(key)));
  }
  Run begin_one(InteractiveWish one = wish()) {
    std::vector<InteractiveWish> list;
    list.push_back(std::move(one));
    return begin(std::move(list))->front();
  }
  Result<Run> end(const RunId& run, bool well = true) { return wait(service_->end_interactive(run, well, std::nullopt)); }
  std::vector<catalog::RunEvent> events(const RunId& run) {
    return *wait(catalog_->read([run](db::Connection& connection) { return catalog::list_events(connection, run); }));
  }
};

TEST_F(InteractiveTest, RunsUntilItsClientSaysThatItIsComplete) {
  start();
  const auto run = begin_one();
  EXPECT_EQ(run.state, RunState::kRunning);
  EXPECT_EQ(run.id.text().size(), 36U);
  const auto ended = end(run.id);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->state, RunState::kCompleted);
  EXPECT_EQ(ended->end->reason, EndReason::kReported);
  EXPECT_EQ(end(run.id)->state, RunState::kCompleted);
  EXPECT_EQ(end(run.id, false).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(events(run.id).front().message, "begun by ada@host");
  EXPECT_EQ(events(run.id).size(), 2U);
}

TEST_F(InteractiveTest, FailureKeepsItsError) {
  start();
  const auto run = begin_one();
  const auto ended = wait(service_->end_interactive(run.id, false, RunError{.code = "UserError", .message = "no data"}));
  EXPECT_EQ(ended->state, RunState::kFailed);
  EXPECT_EQ(read(run.id).error->message, "no data");
}

TEST_F(InteractiveTest, ChildrenAreNumberedAndStartedLater) {
  start();
  const auto parent = begin_one();
  const auto children = begin({wish(parent.id), wish(parent.id, false)});
  ASSERT_TRUE(children);
  EXPECT_EQ((*children)[0].id.text(), parent.id.text() + "_1");
  EXPECT_EQ((*children)[1].id.text(), parent.id.text() + "_2");
  EXPECT_EQ((*children)[1].state, RunState::kNotStarted);
  EXPECT_EQ(wait(service_->open_interactive((*children)[1].id))->state, RunState::kRunning);
  EXPECT_EQ(wait(service_->open_interactive((*children)[1].id))->state, RunState::kRunning);
  ASSERT_TRUE(end(parent.id));
  EXPECT_EQ(begin({wish(parent.id)}).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(read((*children)[0].id).state, RunState::kRunning);
}

TEST_F(InteractiveTest, AllOrNoneAndNoIdTwice) {
  start();
  auto named = wish();
  named.id = RunId("mine");
  ASSERT_TRUE(begin({named}));
  EXPECT_EQ(begin({wish(), named}).error().code(), ErrorCode::kConflict);
  const auto count = wait(catalog_->read([](db::Connection& connection) { return catalog::live_runs(connection); }));
  EXPECT_EQ(count->size(), 1U);
}

TEST_F(InteractiveTest, TheSameKeyMakesTheRunsOnce) {
  start();
  const auto first = begin({wish(), wish()}, "key");
  const auto again = begin({wish(), wish()}, "key");
  ASSERT_TRUE(first && again);
  ASSERT_EQ(again->size(), 2U);
  EXPECT_EQ((*first)[0].id, (*again)[0].id);
  EXPECT_EQ((*first)[1].id, (*again)[1].id);
  EXPECT_EQ(begin({wish()}, "key").error().code(), ErrorCode::kConflict);
  const std::string long_key(127, 'k');
  ASSERT_TRUE(begin({wish(), wish()}, long_key + "1"));
  EXPECT_TRUE(begin({wish(), wish()}, long_key + "2")) << "keys that differ at their end only";
}

TEST_F(InteractiveTest, CancelEndsAtOnce) {
  start();
  const auto run = begin_one();
  const auto canceled = wait(service_->cancel(run.id, "ana"));
  EXPECT_EQ(canceled->state, RunState::kCanceled);
  EXPECT_EQ(canceled->end->message, "canceled by ana");
  EXPECT_EQ(end(run.id).error().code(), ErrorCode::kWrongState);
}

TEST_F(InteractiveTest, SubmittedRunsHaveTheirSupervisor) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  EXPECT_EQ(end(run.id).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->open_interactive(run.id)).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->heartbeat(run.id)).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->submit({.spec = wish().spec, .diff = {}}, std::nullopt)).error().mistake_list().front().path, "kind");
}

TEST_F(InteractiveTest, SilenceAfterAHeartbeatIsNotResponding) {
  start();
  const auto run = begin_one(), other = begin_one();
  EXPECT_EQ(*wait(service_->heartbeat(run.id)), RunState::kRunning);
  clock_.advance(121s);
  EXPECT_EQ(*wait(service_->heartbeat(other.id)), RunState::kRunning);  // and the watch looks
  const auto silent = when_in(run.id, RunState::kNotResponding);
  EXPECT_FALSE(silent.ended_at);
  EXPECT_EQ(*wait(service_->heartbeat(run.id)), RunState::kRunning);
  clock_.advance(121s);
  ASSERT_TRUE(wait(service_->heard(other.id)));
  begin_one();
  EXPECT_EQ(end(run.id)->state, RunState::kCompleted);
  EXPECT_EQ(*wait(service_->heartbeat(run.id)), RunState::kCompleted);
}

TEST_F(InteractiveTest, RestartOfTheServerKeepsThem) {
  start();
  const auto run = begin_one(), plain = begin_one();
  ASSERT_TRUE(wait(service_->heartbeat(run.id)));
  stop();
  start();
  EXPECT_EQ(read(run.id).state, RunState::kRunning);
  clock_.advance(121s);
  ASSERT_TRUE(wait(service_->heartbeat(begin_one().id)));
  when_in(run.id, RunState::kNotResponding);
  EXPECT_EQ(read(plain.id).state, RunState::kRunning);
  stop();
  start();
  EXPECT_EQ(read(run.id).state, RunState::kNotResponding);
  ASSERT_TRUE(wait(service_->heard(run.id)));
  EXPECT_EQ(read(run.id).state, RunState::kRunning);
}

TEST_F(InteractiveTest, MetricsAreTakenOnceUntilTheEnd) {
  start();
  const auto run = begin_one();
  const MetricPoint point{"loss", MetricKind::kScalar, {0.5}, {}, std::nullopt, clock_.now()};
  const MetricCall first{"w", 1, {point}}, second{"w", 2, {point, point}}, late{"w", 3, {point}};
  EXPECT_TRUE(wait(service_->log_metrics(run.id, first)));
  EXPECT_TRUE(wait(service_->log_metrics(run.id, second)));
  EXPECT_TRUE(wait(service_->log_metrics(run.id, first)));
  EXPECT_EQ(*metrics_->count(run.id), 3U);
  ASSERT_TRUE(end(run.id));
  EXPECT_TRUE(wait(service_->log_metrics(run.id, second)));
  EXPECT_EQ(wait(service_->log_metrics(run.id, late)).error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->log_metrics(RunId("none"), first)).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(*metrics_->count(run.id), 3U);
}

TEST_F(InteractiveTest, ManyWritersAtOnceLoseNothing) {
  start();
  const auto run = begin_one();
  const MetricPoint point{"loss", MetricKind::kScalar, {0.5}, {}, std::nullopt, clock_.now()};
  int done = 0;
  for (int i = 0; i < 50; ++i) {
    auto task = service_->log_metrics(run.id, {"w" + std::to_string(i), 1, {point, point}});
    io::asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr thrown, Status status) {
      EXPECT_TRUE(!thrown && status);
      ++done;
    });
  }
  until([&] { return done == 50; });
  EXPECT_EQ(*metrics_->count(run.id), 100U);
}

}  // namespace
}  // namespace stoker::runs
