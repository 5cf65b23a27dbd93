#include "metrics/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/crc32c.hpp"
#include "io/testing.hpp"
#include "metrics/bytes.hpp"

namespace stoker::metrics {
namespace {

class LogTest : public testing::Test {
 protected:
  /// The records of the log, opened anew.
  std::vector<std::string> reopen() {
    std::vector<std::string> found;
    last_ = 0;
    log_.reset();
    auto opened = Log::open(folder_.path(), 7, [&](Position position, std::string_view payload) {
      EXPECT_GT(position, last_);
      last_ = position;
      found.emplace_back(payload);
    });
    EXPECT_TRUE(opened);
    log_ = std::move(*opened);
    return found;
  }
  void append_synced(const std::string& payload) { ASSERT_TRUE(log_->sync(*log_->append(payload))); }
  std::string file(int number) { return folder_ / (std::to_string(number) + ".log"); }

  io::testing::TemporaryFolder folder_;
  std::unique_ptr<Log> log_;
  Position last_ = 0;
};

TEST_F(LogTest, WhatWasSyncedIsReadAgainInOrder) {
  EXPECT_TRUE(reopen().empty());
  append_synced("a");
  append_synced("bb");
  EXPECT_EQ(reopen(), (std::vector<std::string>{"a", "bb"}));
  append_synced("c");
  EXPECT_EQ(reopen(), (std::vector<std::string>{"a", "bb", "c"}));
  EXPECT_EQ(log_->durable(), last_);
}

TEST_F(LogTest, TornTailIsLeftOutAndNeverComesBack) {
  reopen();
  append_synced("first");
  append_synced("second");
  append_synced("third");
  log_.reset();
  auto bytes = *io::read_file(file(1));
  bytes[bytes.find("second")] = 'X';
  std::ofstream(file(1), std::ios::binary) << bytes;
  EXPECT_EQ(reopen(), (std::vector<std::string>{"first"}));
  append_synced("SECOND");  // of the same length, where "third" would follow
  EXPECT_EQ(reopen(), (std::vector<std::string>{"first", "SECOND"}));
}

TEST_F(LogTest, SegmentsAreUsedAgain) {
  reopen();
  const std::string big(1U << 20, 'x');
  for (int i = 0; i < 60; ++i) {
    append_synced(big + std::to_string(i));
    log_->release(log_->durable());
  }
  EXPECT_LE(io::list_directory(folder_.path())->size(), 4U);
  const auto found = reopen();
  ASSERT_FALSE(found.empty());
  EXPECT_LE(found.size(), 9U);
  EXPECT_EQ(found.back(), big + "59");
}

TEST_F(LogTest, RecordLongerThanASegment) {
  reopen();
  const std::string huge(20U << 20, 'y');
  append_synced("a");
  append_synced(huge);
  append_synced("b");
  EXPECT_EQ(reopen(), (std::vector<std::string>{"a", huge, "b"}));
}

TEST_F(LogTest, NewerFormatIsRefused) {
  auto header = encode_segment_header({.number = 3, .previous = 9});
  EXPECT_EQ((*decode_segment_header(header))->previous, 9U);
  header[8] = 9;
  EXPECT_FALSE(decode_segment_header(header)->has_value());  // its checksum is that of another
  std::string checksum;
  put_u32(checksum, crc32c(std::string_view(header).substr(0, 24)));
  EXPECT_EQ(decode_segment_header(header.replace(24, 4, checksum)).error().code(), ErrorCode::kDataFormat);
}

TEST_F(LogTest, FailedSyncIsToldToAllWhoseRecordsWentWithIt) {
  reopen();
  append_synced("kept");
  std::optional<Position> lost;
  log_->set_lost([&](Position durable) { lost = durable; });
  const auto kept = log_->durable();
  const auto one = *log_->append("one");
  const auto other = *log_->append("other");
  // The file's descriptor becomes one that cannot be written: the same error as from a disk that went away.
  int fd = -1;
  for (int i = 3; i < 100 && fd < 0; ++i) {
    std::error_code none;
    if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(i), none) == file(1)) fd = i;
  }
  ASSERT_GE(fd, 0);
  const int saved = ::dup(fd);
  const int broken = ::open("/dev/full", O_RDWR | O_CLOEXEC);
  ::dup2(broken, fd);
  EXPECT_FALSE(log_->sync(one));
  ::dup2(saved, fd);
  ::close(saved);
  ::close(broken);
  EXPECT_EQ(lost, kept);
  EXPECT_FALSE(log_->sync(other));
  EXPECT_TRUE(log_->sync(kept));
  append_synced("after");
  EXPECT_FALSE(log_->sync(other));
  EXPECT_EQ(reopen(), (std::vector<std::string>{"kept", "after"}));
}

TEST_F(LogTest, ManyCallersShareTheDisk) {
  reopen();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n) append_synced(std::to_string(i));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(reopen().size(), 1600U);
}

}  // namespace
}  // namespace stoker::metrics
