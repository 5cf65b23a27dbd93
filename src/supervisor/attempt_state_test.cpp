#include "supervisor/attempt_state.hpp"

#include <gtest/gtest.h>

#include <random>

namespace stoker::supervisor {
namespace {

using Effects = std::vector<Effect>;
using std::chrono::seconds;

Duration at(int seconds_since_start) { return seconds(seconds_since_start); }

AttemptState running(std::optional<Duration> limit = std::nullopt) {
  AttemptState state;
  state.grace = seconds(10);
  state.limit = limit;
  apply(state, Started{}, at(0));
  return state;
}

TEST(AttemptState, ExitWithoutChildrenSettles) {
  auto state = running();
  EXPECT_EQ(apply(state, MainEnded{0}, at(1)), Effects{});
  EXPECT_EQ(apply(state, AllGone{}, at(1)), Effects{Effect::kSettle});
  EXPECT_EQ(state.stage, Stage::kGone);
  EXPECT_EQ(state.cause, StopCause::kNone);
}

TEST(AttemptState, BackgroundChildrenLingerThenEndThenAreKilled) {
  auto state = running();
  apply(state, MainEnded{0}, at(1));
  EXPECT_EQ(apply(state, TimePassed{}, at(1)), Effects{});
  EXPECT_EQ(apply(state, TimePassed{}, at(1) + kLinger), Effects{Effect::kTerminate});
  EXPECT_EQ(apply(state, TimePassed{}, at(3)), Effects{});
  EXPECT_EQ(apply(state, TimePassed{}, at(12)), Effects{Effect::kKill});
  EXPECT_EQ(apply(state, TimePassed{}, at(13)), Effects{Effect::kKill}) << "again and again until none is left";
  EXPECT_EQ(apply(state, AllGone{}, at(13)), Effects{Effect::kSettle});
  EXPECT_EQ(state.cause, StopCause::kNone) << "the program ended by itself";
}

TEST(AttemptState, TimeLimitTerminatesThenKills) {
  auto state = running(seconds(60));
  EXPECT_EQ(apply(state, TimePassed{}, at(59)), Effects{});
  EXPECT_EQ(apply(state, TimePassed{}, at(60)), Effects{Effect::kTerminate});
  EXPECT_EQ(state.cause, StopCause::kTimeLimit);
  EXPECT_EQ(apply(state, TimePassed{}, at(70)), Effects{Effect::kKill});
}

TEST(AttemptState, CancelBeforeTheStartNeedsNoProcess) {
  AttemptState state;
  EXPECT_EQ(apply(state, StopAsked{StopCause::kCanceled, "ann", seconds(5)}, at(0)), (Effects{Effect::kStopPreparing, Effect::kSettle}));
  EXPECT_EQ(state.by, "ann");
  EXPECT_EQ(apply(state, Started{}, at(1)), Effects{});
}

TEST(AttemptState, CancelAgainShortensTheGraceOnly) {
  auto state = running();
  EXPECT_EQ(apply(state, StopAsked{StopCause::kCanceled, "ann", seconds(30)}, at(0)), Effects{Effect::kTerminate});
  apply(state, StopAsked{StopCause::kCanceled, "bob", seconds(100)}, at(1));
  EXPECT_EQ(*state.next_at, at(30));
  apply(state, StopAsked{StopCause::kCanceled, "bob", seconds(5)}, at(1));
  EXPECT_EQ(*state.next_at, at(6));
  EXPECT_EQ(state.by, "ann");
  EXPECT_EQ(apply(state, StopAsked{StopCause::kCanceled, "bob", seconds(0)}, at(2)), Effects{Effect::kKill});
}

TEST(AttemptState, CancelWithoutGraceKillsAtOnce) {
  auto state = running();
  EXPECT_EQ(apply(state, StopAsked{StopCause::kCanceled, "", seconds(0)}, at(0)), Effects{Effect::kKill});
}

TEST(AttemptState, CancelAfterTheExitDoesNotChangeHowItEnded) {
  auto state = running();
  apply(state, MainEnded{256}, at(1));
  EXPECT_EQ(apply(state, StopAsked{StopCause::kCanceled, "ann", seconds(5)}, at(1)), Effects{Effect::kTerminate}) << "the children that are left";
  EXPECT_EQ(state.cause, StopCause::kNone);
}

TEST(AttemptState, RandomEventsKeepTheInvariantsAndEveryRunCanEnd) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    AttemptState state;
    state.grace = seconds(random() % 3);
    if (random() % 2) state.limit = seconds(random() % 10);
    Duration now{};
    for (int step = 0; step < 20; ++step) {
      now += seconds(random() % 4);
      switch (random() % 5) {
        case 0: apply(state, Started{}, now); break;
        case 1: apply(state, StopAsked{StopCause::kCanceled, "x", seconds(random() % 4)}, now); break;
        case 2: apply(state, MainEnded{0}, now); break;
        case 3: apply(state, AllGone{}, now); break;
        default: apply(state, TimePassed{}, now);
      }
      check(state);
    }
    apply(state, StopAsked{StopCause::kCanceled, "x", {}}, now);
    apply(state, MainEnded{9}, now);
    apply(state, AllGone{}, now);
    EXPECT_EQ(state.stage, Stage::kGone);
  }
}

}  // namespace
}  // namespace stoker::supervisor
