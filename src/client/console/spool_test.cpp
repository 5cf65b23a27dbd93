#include "client/console/spool.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>

#include "client/console/tracking.hpp"
#include "client/test_home.hpp"

namespace stoker::client {
namespace {

using ConsoleTest = TestHome;

TEST_F(ConsoleTest, FramesComeBackInOrder) {
  const auto path = folder_ + "/output";
  auto spool = *ConsoleSpool::open(path);
  ASSERT_TRUE(spool.append(1, Time(Duration(5)), "one"));
  ASSERT_TRUE(spool.append(2, Time(Duration(6)), std::string("\0two", 4)));
  std::uint64_t position = 0;
  const auto frames = *spool.read(position, 1 << 20);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].data, "one");
  EXPECT_EQ(frames[1].stream, 2);
  EXPECT_EQ(frames[1].data, std::string("\0two", 4));
  EXPECT_EQ(frames[1].time, Time(Duration(6)));
  EXPECT_EQ(position, spool.size());
}

TEST_F(ConsoleTest, ALongPieceBecomesSeveralFramesAndReadsAreLimited) {
  auto spool = *ConsoleSpool::open(folder_ + "/output");
  const std::string text(3'000'000, 'x');
  ASSERT_TRUE(spool.append(1, Time(), text));
  std::uint64_t position = 0;
  std::string back;
  while (position < spool.size()) {
    const auto frames = *spool.read(position, 1000);
    ASSERT_EQ(frames.size(), 1U);
    back += frames[0].data;
  }
  EXPECT_EQ(back, text);
}

TEST_F(ConsoleTest, ATornFrameIsCutAndWritingGoesOn) {
  const auto path = folder_ + "/output";
  {
    auto spool = *ConsoleSpool::open(path);
    ASSERT_TRUE(spool.append(1, Time(), "whole"));
    ASSERT_TRUE(spool.append(1, Time(), "torn"));
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  auto spool = *ConsoleSpool::open(path);
  ASSERT_TRUE(spool.append(1, Time(), "more"));
  std::uint64_t position = 0;
  const auto frames = *spool.read(position, 1 << 20);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].data, "more");
}

TEST(Outcome, OfAWaitStatus) {
  EXPECT_EQ(outcome_of(0).at("outcome"), "completed");
  EXPECT_EQ(outcome_of(W_EXITCODE(3, 0)).at("error").at("message"), "exited with code 3");
  EXPECT_EQ(outcome_of(SIGKILL).at("error").at("message"), "killed by signal 9 (SIGKILL)");
}

}  // namespace
}  // namespace stoker::client
