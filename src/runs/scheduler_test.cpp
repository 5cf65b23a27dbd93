#include "runs/scheduler.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include <fmt/format.h>

namespace stoker::runs {
namespace {

RunId run(int number) { return RunId(fmt::format("run-{}", number)); }
Waiting waiting(int number, int cpus = 1, int gpus = 0) {
  return {.order = static_cast<std::uint64_t>(number), .run = run(number), .resources = {.cpus = cpus, .gpus = gpus}};
}
Taken taken(int number, int slot, int cpus = 1, std::vector<int> gpus = {}) {
  return {.run = run(number), .resources = {.cpus = cpus, .gpus = static_cast<int>(gpus.size())}, .gpu_indices = gpus, .slot = slot};
}
const targets::Capacity kTwoCpus{.cpus = 2, .gpus = {}};
const targets::Capacity kTwoGpus{.cpus = 8, .gpus = {0, 1}};

TEST(Scheduler, StartsInOrderOfSubmissionUntilFull) {
  Queue queue;
  for (int i = 1; i <= 5; ++i) queue.push(waiting(i));
  const auto decision = schedule(queue, kTwoCpus, {});
  ASSERT_EQ(decision.starts.size(), 2U);
  EXPECT_EQ(decision.starts[0].run, run(1));
  EXPECT_EQ(decision.starts[0].slot, 0);
  EXPECT_EQ(decision.starts[1].run, run(2));
  EXPECT_EQ(decision.starts[1].slot, 1);
  EXPECT_EQ(decision.head_waits, "waits for 1 CPU slot: 2 of 2 are used");
}

TEST(Scheduler, TakesTheLowestFreeSlotAndGpus) {
  Queue queue;
  queue.push(waiting(3, 1, 1));
  Usage usage;
  usage.take(taken(1, 0, 1, {0}));
  usage.take(taken(2, 2));
  const auto decision = schedule(queue, kTwoGpus, usage);
  ASSERT_EQ(decision.starts.size(), 1U);
  EXPECT_EQ(decision.starts[0].slot, 1);
  EXPECT_EQ(decision.starts[0].gpu_indices, std::vector<int>{1});
}

TEST(Scheduler, HeadOfTheLineIsNotOvertaken) {
  Queue queue;
  queue.push(waiting(1, 1, 2));
  queue.push(waiting(2, 1, 0));
  Usage usage;
  usage.take(taken(9, 0, 1, {1}));
  const auto decision = schedule(queue, kTwoGpus, usage);
  EXPECT_TRUE(decision.starts.empty());
  EXPECT_EQ(decision.head_waits, "waits for 2 GPUs: 1 of 2 are used by run-9");
}

TEST(Scheduler, ReasonNamesThreeUsersAtMost) {
  Queue queue;
  queue.push(waiting(50));
  Usage usage;
  for (int i = 1; i <= 5; ++i) usage.take(taken(i, i - 1));
  const auto decision = schedule(queue, {.cpus = 5, .gpus = {}}, usage);
  EXPECT_EQ(decision.head_waits, "waits for 1 CPU slot: 5 of 5 are used by run-1, run-2, run-3 and 2 more");
}

TEST(Scheduler, WhatGoesBackKeepsItsTurn) {
  Queue queue;
  for (int i = 1; i <= 3; ++i) queue.push(waiting(i));
  queue.remove(run(1));
  EXPECT_EQ(queue.ahead_of(run(3)), 1);
  EXPECT_TRUE(queue.push(waiting(1)));
  EXPECT_FALSE(queue.push(waiting(1)));
  EXPECT_EQ(queue.ahead_of(run(1)), 0);
  EXPECT_EQ(queue.ahead_of(run(3)), 2);
  EXPECT_EQ(queue.ahead_of(run(4)), std::nullopt);
}

TEST(Scheduler, FreeingTwiceIsFreeingOnce) {
  Usage usage;
  usage.take(taken(1, 0, 2, {0, 1}));
  EXPECT_FALSE(usage.take(taken(1, 1)));
  usage.free(run(1));
  usage.free(run(1));
  EXPECT_EQ(usage.cpus(), 0);
  EXPECT_EQ(usage.gpus(), 0);
  EXPECT_FALSE(usage.has_slot(0));
}

TEST(Scheduler, RequestLargerThanTheTargetIsAMistake) {
  std::vector<Mistake> mistakes;
  check_fits({.cpus = 3, .gpus = 1}, kTwoCpus, "local", "resources", mistakes);
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0], (Mistake{"resources.cpus", "3 CPU slots asked for, and the target \"local\" has 2 in all"}));
  EXPECT_EQ(mistakes[1], (Mistake{"resources.gpus", "1 GPU asked for, and the target \"local\" has none"}));
}

TEST(Scheduler, HundredThousandGoInOrder) {
  Queue queue;
  for (int i = 1; i <= 100'000; ++i) queue.push(waiting(i));
  Usage usage;
  int started = 0;
  while (!queue.empty()) {
    const auto decision = schedule(queue, kTwoCpus, usage);
    for (const auto& start : decision.starts) {
      EXPECT_EQ(start.run, run(++started));
      queue.remove(start.run);
      usage.take(start);
    }
    for (const auto& start : decision.starts) usage.free(start.run);
  }
  EXPECT_EQ(started, 100'000);
}

RC_GTEST_PROP(SchedulerProperty, NeverTakesMoreThanThereIs, ()) {
  const targets::Capacity capacity{.cpus = *rc::gen::inRange(1, 6), .gpus = {0, 1, 2}};
  Queue queue;
  Usage usage;
  std::vector<RunId> placed;
  int next = 0, last_started = -1;
  for (int step = 0; step < 60; ++step) {
    const int what = *rc::gen::inRange(0, 3);
    if (what == 0) {
      queue.push(waiting(next++, *rc::gen::inRange(1, capacity.cpus + 1), *rc::gen::inRange(0, 4)));
    } else if (what == 1 && !placed.empty()) {
      usage.free(placed.back());
      placed.pop_back();
    }
    for (const auto& start : schedule(queue, capacity, usage).starts) {
      RC_ASSERT(static_cast<int>(start.order) > last_started);
      last_started = static_cast<int>(start.order);
      RC_ASSERT(!usage.has_slot(start.slot));
      for (const int gpu : start.gpu_indices) RC_ASSERT(!usage.has_gpu(gpu));
      queue.remove(start.run);
      usage.take(start);
      placed.push_back(start.run);
    }
    RC_ASSERT(usage.cpus() <= capacity.cpus);
    RC_ASSERT(usage.gpus() <= 3);
  }
}

}  // namespace
}  // namespace stoker::runs
