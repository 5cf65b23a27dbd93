// blocking() and cancellation: what runs on the pool cannot be interrupted, so a cancelled caller gets its error only when it is over.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/task.hpp"

namespace stoker::io {
namespace {

using namespace asio::experimental::awaitable_operators;

TEST(Blocking, GivesTheValueBackOnTheLoop) {
  Loop loop;
  Pool pool(2);
  TaskGroup group(loop, "test");
  std::thread::id ran, resumed;
  auto story = [](Pool& pool, std::thread::id& ran, std::thread::id& resumed) -> Task<void> {
    auto work = [&ran] {
      ran = std::this_thread::get_id();
      return 42;
    };
    const int value = co_await blocking(pool, std::move(work));
    EXPECT_EQ(value, 42);
    resumed = std::this_thread::get_id();
  };
  group.spawn("story", story(pool, ran, resumed));
  loop.run();
  EXPECT_EQ(resumed, std::this_thread::get_id());
  EXPECT_NE(ran, resumed);
}

TEST(Blocking, AnExceptionComesBackToo) {
  Loop loop;
  Pool pool(1);
  TaskGroup group(loop, "test");
  bool caught = false;
  auto story = [](Pool& pool, bool& caught) -> Task<void> {
    auto work = []() -> int { throw std::runtime_error("thrown there"); };
    try {
      co_await blocking(pool, std::move(work));
    } catch (const std::runtime_error& error) {
      caught = std::string(error.what()) == "thrown there";
    }
  };
  group.spawn("story", story(pool, caught));
  loop.run();
  EXPECT_TRUE(caught);
}

TEST(Blocking, ACancelledCallerWaitsForTheWorkAndThenEnds) {
  Loop loop;
  Pool pool(2);
  std::atomic<int> running = 0;
  int cut = 0;
  auto work_on = [](Pool& pool, std::atomic<int>& running, int micros) -> Task<void> {
    auto work = [&running, micros] {
      ++running;
      std::this_thread::sleep_for(std::chrono::microseconds(micros));
      --running;
    };
    co_await blocking(pool, std::move(work));
  };
  auto story = [&work_on](Pool& pool, std::atomic<int>& running, int& cut) -> Task<void> {
    for (int i = 0; i < 400; ++i) {
      auto working = work_on(pool, running, 100 + i % 7 * 50);
      const auto outcome = co_await (std::move(working) || sleep_for(std::chrono::microseconds(50 + i % 11 * 40)));
      EXPECT_EQ(running, 0) << "what the work captured may go now";
      cut += outcome.index() == 1 ? 1 : 0;
    }
  };
  TaskGroup group(loop, "test");
  group.spawn("story", story(pool, running, cut));
  loop.run();
  EXPECT_GT(cut, 0);
  EXPECT_LT(cut, 400);
}

}  // namespace
}  // namespace stoker::io
