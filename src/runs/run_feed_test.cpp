#include "runs/run_feed.hpp"

#include <gtest/gtest.h>

namespace stoker::runs {
namespace {

using namespace std::chrono_literals;

class RunFeedTest : public testing::Test {
 protected:
  bool wait(std::shared_ptr<RunFeed::Topic> topic, std::uint64_t seen, std::chrono::milliseconds limit) {
    bool answer = false;
    auto task = [&]() -> io::Task<void> { answer = co_await topic->changed(seen, io::in(limit)); };
    tasks_.spawn("wait", task());
    loop_.restart();
    loop_.run();
    return answer;
  }
  io::Loop loop_;
  io::TaskGroup tasks_{loop_, "test"};
  RunFeed feed_{loop_};
  RunId run_{"r"};
};

TEST_F(RunFeedTest, WhatHappensBetweenLookingAndWaitingIsNotMissed) {
  auto topic = feed_.of(run_);
  const auto seen = topic->version();
  feed_.notify(run_);
  EXPECT_TRUE(wait(topic, seen, 10s));
}
TEST_F(RunFeedTest, DeadlineIsNoChange) { EXPECT_FALSE(wait(feed_.of(run_), 0, 1ms)); }
TEST_F(RunFeedTest, FollowersOfOneRunShareItsTopic) { EXPECT_EQ(feed_.of(run_), feed_.of(run_)); }
TEST_F(RunFeedTest, OtherRunsAreNotWoken) {
  auto topic = feed_.of(run_);
  feed_.notify(RunId("other"));
  EXPECT_EQ(topic->version(), 0U);
}
TEST_F(RunFeedTest, WhatNobodyFollowsIsForgotten) {
  for (int i = 0; i < 1000; ++i) feed_.of(RunId(std::to_string(i)));
  EXPECT_LE(feed_.followed(), 64U);
}

}  // namespace
}  // namespace stoker::runs
