#include "runs/reconciler.hpp"

#include <gtest/gtest.h>

namespace stoker::runs {
namespace {

using namespace std::chrono_literals;
using targets::Observed;

Placed away(std::optional<Observed> observed) {
  return {.run = RunId("r"),
          .attempt = 1,
          .state = RunState::kRunning,
          .attached = false,
          .detached_since = 100s,
          .observed = observed,
          .message = "seen"};
}
std::vector<Action> actions(const Placed& placed, Duration now) { return reconcile({placed}, now); }
Action act(ActionKind kind, std::string message) { return {.kind = kind, .run = RunId("r"), .attempt = 1, .message = std::move(message)}; }

TEST(Reconciler, ConnectedRunsNeedNothing) {
  auto placed = away(std::nullopt);
  placed.attached = true;
  EXPECT_TRUE(actions(placed, 1000s).empty());
  EXPECT_EQ(look_again({placed}, 1000s), std::nullopt);
}
TEST(Reconciler, RestartAsksTheTargetFirst) { EXPECT_EQ(actions(away(std::nullopt), 100s), std::vector{act(ActionKind::kObserve, "")}); }
TEST(Reconciler, LivingSupervisorGetsTimeToComeBack) {
  EXPECT_TRUE(actions(away(Observed::kAlive), 110s).empty());
  EXPECT_EQ(look_again({away(Observed::kAlive)}, 110s), 110s + 500ms);
}
TEST(Reconciler, SilenceIsSaidOnce) {
  auto placed = away(Observed::kAlive);
  EXPECT_EQ(actions(placed, 131s), std::vector{act(ActionKind::kSaySilent, "nothing was heard of its supervisor for " + format_duration(31s))});
  placed.state = RunState::kNotResponding;
  EXPECT_TRUE(actions(placed, 200s).empty());
}
TEST(Reconciler, HeardAgain) {
  auto placed = away(std::nullopt);
  placed.attached = true;
  placed.state = RunState::kNotResponding;
  EXPECT_EQ(actions(placed, 200s).front().kind, ActionKind::kSayHeard);
}
TEST(Reconciler, DeadSupervisorIsStartedAgainWithAPause) {
  auto placed = away(Observed::kGone);
  EXPECT_EQ(actions(placed, 100s), std::vector{act(ActionKind::kRecover, "seen")});
  placed.recovered_at = 100s;
  EXPECT_TRUE(actions(placed, 104s).empty());
  EXPECT_EQ(actions(placed, 105s).size(), 1U);
}
TEST(Reconciler, VanishedPlaceIsLost) { EXPECT_EQ(actions(away(Observed::kUnknown), 100s), std::vector{act(ActionKind::kSayLost, "seen")}); }
TEST(Reconciler, CancelThatIsNotCarriedOutEndsTheSupervisor) {
  auto placed = away(std::nullopt);
  placed.attached = true;
  placed.cancel_since = 100s;
  placed.grace = 5s;
  EXPECT_TRUE(actions(placed, 114s).empty());
  EXPECT_EQ(actions(placed, 116s).front().kind, ActionKind::kEnd);
  placed.exited = true;
  EXPECT_TRUE(actions(placed, 116s).empty());
}
TEST(Reconciler, AfterTheForcedEndTheSupervisorComesBackToTell) {
  auto placed = away(Observed::kGone);
  placed.cancel_since = 100s;
  EXPECT_EQ(actions(placed, 200s).front().kind, ActionKind::kRecover);
}

TEST(Reconciler, ClientThatFallsSilentIsTold) {
  const std::vector<Session> sessions = {{.run = RunId("a"), .state = RunState::kRunning, .heard_at = Duration(0)},
                                         {.run = RunId("b"), .state = RunState::kRunning, .heard_at = kClientSilence},
                                         {.run = RunId("c"), .state = RunState::kNotResponding, .heard_at = kClientSilence},
                                         {.run = RunId("d"), .state = RunState::kRunning, .heard_at = Duration(0), .is_busy = true}};
  EXPECT_TRUE(reconcile(std::vector<Session>{sessions[0]}, kClientSilence).empty());
  const auto actions = reconcile(sessions, kClientSilence + Duration(1));
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(actions[0].kind, ActionKind::kSaySilent);
  EXPECT_EQ(actions[0].run, RunId("a"));
  EXPECT_EQ(actions[1].kind, ActionKind::kSayHeard);
  EXPECT_EQ(actions[1].run, RunId("c"));
  EXPECT_GT(*look_again(sessions), kClientSilence);
  EXPECT_FALSE(look_again(std::vector<Session>{}));
}

}  // namespace
}  // namespace stoker::runs
