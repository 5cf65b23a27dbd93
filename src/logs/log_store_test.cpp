#include "logs/log_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/file.hpp"
#include "io/open_files.hpp"

namespace stoker::logs {
namespace {

const Time kNoon = from_micros(1'700'000'000'000'000);

class LogStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "logs-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    reopen();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  /// As after `kill -9`: what was not synced is whatever the files hold.
  void reopen(std::size_t max_open = 128) {
    store_.reset();
    auto opened = LogStore::open(directory_, max_open);
    ASSERT_TRUE(opened) << opened.error().to_line();
    store_ = std::move(*opened);
  }
  Status append(std::uint64_t offset, std::string_view data, int attempt = 1, std::uint8_t stream = 1, Time time = kNoon) {
    const Piece piece{stream, offset, data, time};
    return store_->append(run_, attempt, {&piece, 1});
  }
  void sync() { ASSERT_TRUE(store_->sync({&run_, 1})); }
  std::string all(int stream = 0) { return *store_->read(run_, 0, 1U << 20, stream); }
  std::string path(const char* suffix) { return *io::sharded_stem(directory_, run_.text()) + suffix; }

  std::string directory_;
  RunId run_{"exp_1700000000_0a1b2c3d"};
  std::unique_ptr<LogStore> store_;
};

TEST_F(LogStoreTest, UnknownRunIsEmpty) {
  EXPECT_EQ(*store_->size(run_), 0U);
  EXPECT_EQ(all(), "");
  EXPECT_TRUE(store_->spans(run_, 0, 10)->empty());
  EXPECT_TRUE(store_->sync({&run_, 1}));
  EXPECT_TRUE(store_->remove(run_));
}

TEST_F(LogStoreTest, BytesAreBlottedOutForGood) {
  ASSERT_TRUE(append(0, "one\n"));
  ASSERT_TRUE(append(4, "key hu", 1, 2));
  sync();
  ASSERT_TRUE(append(10, "**\n", 1, 2));
  ASSERT_TRUE(store_->blot(run_, 1, 8, 2));
  sync();
  reopen();
  EXPECT_EQ(all(), "one\nkey ****\n");
  EXPECT_EQ(all(2), "key ****\n");
  ASSERT_TRUE(store_->blot(run_, 1, 12, 5));  // beyond the end
  ASSERT_TRUE(store_->blot(run_, 2, 0, 1));   // another attempt
  EXPECT_EQ(all(), "one\nkey ****\n");
}

TEST_F(LogStoreTest, TailOfAStreamIsWhatCameBefore) {
  ASSERT_TRUE(append(0, "first"));
  sync();
  ASSERT_TRUE(append(0, "ab", 2));
  ASSERT_TRUE(append(2, "-err-", 2, 2));
  ASSERT_TRUE(append(7, "cde", 2));
  for (int round = 0; round < 2; ++round) {
    const auto tails = *store_->tail(run_, 2, 1, 9, 3);
    ASSERT_EQ(tails.size(), 2U);
    EXPECT_EQ(tails[0].offset, 1U);
    EXPECT_EQ(tails[0].data, "b");
    EXPECT_EQ(tails[1].offset, 7U);
    EXPECT_EQ(tails[1].data, "cd");
    EXPECT_EQ(store_->tail(run_, 2, 2, 100, 100)->at(0).data, "-err-");
    EXPECT_TRUE(store_->tail(run_, 1, 1, 100, 100)->empty());
    EXPECT_TRUE(store_->tail(run_, 2, 1, 0, 100)->empty());
    sync();
    reopen();
  }
}

TEST_F(LogStoreTest, TextIsAPlainFile) {
  ASSERT_TRUE(append(0, "hello\n"));
  ASSERT_TRUE(append(6, "world\n", 1, 2));
  sync();
  EXPECT_EQ(*io::read_file(path(".log")), "hello\nworld\n");
}

TEST_F(LogStoreTest, SendingTwiceChangesNothing) {
  ASSERT_TRUE(append(0, "abc"));
  ASSERT_TRUE(append(0, "abc"));
  sync();
  ASSERT_TRUE(append(1, "bcd"));  // overlaps
  sync();
  EXPECT_EQ(all(), "abcd");
  EXPECT_EQ(*store_->size(run_), 4U);
}

TEST_F(LogStoreTest, GapIsRefused) {
  ASSERT_TRUE(append(0, "abc"));
  const auto refused = append(5, "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kProtocol);
  EXPECT_EQ(all(), "abc");
}

TEST_F(LogStoreTest, EachStreamHasItsOwnOffsets) {
  ASSERT_TRUE(append(0, "out1 "));
  ASSERT_TRUE(append(5, "err1 ", 1, 2));
  ASSERT_TRUE(append(10, "out2 "));
  for (const bool durable : {false, true}) {
    if (durable) sync();
    EXPECT_EQ(all(1), "out1 out2 ");
    EXPECT_EQ(all(2), "err1 ");
    EXPECT_EQ(all(3), "");
    EXPECT_EQ(*store_->size(run_, 1), 10U);
    EXPECT_EQ(*store_->read(run_, 3, 4, 1), "1 ou");
    EXPECT_EQ(*store_->read(run_, 7, 6, 0), "r1 out");
    EXPECT_EQ(*store_->read(run_, 99, 6, 1), "");
  }
  reopen();
  EXPECT_EQ(*store_->read(run_, 5, 100, 1), "out2 ");
}

TEST_F(LogStoreTest, AttemptsFollowEachOther) {
  ASSERT_TRUE(append(0, "first "));
  sync();
  ASSERT_TRUE(append(0, "second ", 2));
  ASSERT_TRUE(append(6, "late", 1));  // a dead attempt: dropped
  sync();
  reopen();
  ASSERT_TRUE(append(0, "second ", 2));
  ASSERT_TRUE(append(7, "more", 2));
  sync();
  EXPECT_EQ(all(), "first second more");
}

TEST_F(LogStoreTest, UnsyncedBytesAreCutAndSentAgain) {
  ASSERT_TRUE(append(0, "kept"));
  sync();
  ASSERT_TRUE(append(4, "lost"));
  EXPECT_EQ(all(), "keptlost");
  reopen();
  EXPECT_EQ(all(), "kept");
  ASSERT_TRUE(append(4, "lo"));
  sync();
  EXPECT_EQ(all(), "keptlo");
  EXPECT_EQ(*io::read_file(path(".log")), "keptlo");
}

TEST_F(LogStoreTest, TornIndexTailIsCutAtEveryLength) {
  ASSERT_TRUE(append(0, "one"));
  sync();
  ASSERT_TRUE(append(3, "two", 1, 2));
  sync();
  const auto whole = *io::read_file(path(".idx"));
  for (std::size_t length = 16 + 2 * 48; length < whole.size(); ++length) {
    std::filesystem::resize_file(path(".idx"), length);
    reopen();
    EXPECT_EQ(all(), "one") << length;
  }
  ASSERT_TRUE(append(3, "two", 1, 2));
  sync();
  EXPECT_EQ(all(), "onetwo");
  EXPECT_EQ(*io::read_file(path(".idx")), whole);
}

TEST_F(LogStoreTest, NewerFormatIsRefusedAndNotTouched) {
  ASSERT_TRUE(append(0, "one"));
  sync();
  auto bytes = *io::read_file(path(".idx"));
  bytes[8] = 9;
  std::ofstream(path(".idx"), std::ios::binary) << bytes;
  reopen();
  EXPECT_EQ(store_->size(run_).error().code(), ErrorCode::kDataFormat);
  EXPECT_FALSE(append(3, "x"));
  EXPECT_EQ(*io::read_file(path(".log")), "one");
}

TEST_F(LogStoreTest, TextWithoutIndexIsSetAside) {
  ASSERT_TRUE(append(0, "one"));
  sync();
  std::filesystem::remove(path(".idx"));
  reopen();
  EXPECT_EQ(all(), "");
  ASSERT_TRUE(append(0, "two"));
  EXPECT_EQ(all(), "two");
  EXPECT_EQ(*io::read_file(path(".log.orphan")), "one");
}

TEST_F(LogStoreTest, SpansTellStreamAndTime) {
  const auto later = kNoon + std::chrono::seconds(5);
  ASSERT_TRUE(append(0, "a"));
  ASSERT_TRUE(append(1, "b", 1, 1, kNoon + std::chrono::milliseconds(20)));  // shares the entry
  ASSERT_TRUE(append(2, "c", 1, 1, later));
  ASSERT_TRUE(append(3, "d", 1, 2, later));
  const std::vector<Span> expected = {{1, 0, 2, kNoon}, {1, 2, 1, later}, {2, 3, 1, later}};
  EXPECT_EQ(*store_->spans(run_, 0, 10), expected);
  sync();
  reopen();
  EXPECT_EQ(*store_->spans(run_, 0, 10), expected);
  EXPECT_EQ(store_->spans(run_, 2, 1)->front().offset, 2U);
}

TEST_F(LogStoreTest, LongRunIdsFitIntoFileNames) {
  run_ = RunId(std::string(245, 'x') + "_1_0a1b2c3d");
  ASSERT_TRUE(append(0, "long"));
  sync();
  EXPECT_EQ(all(), "long");
}

TEST_F(LogStoreTest, IdsThatAreNoFileNamesAreRefused) {
  for (const auto* id : {"", "../x", "a/b", ".hidden", "a b"}) {
    run_ = RunId(id);
    EXPECT_EQ(append(0, "x").error().code(), ErrorCode::kInvalidInput) << id;
  }
}

TEST_F(LogStoreTest, FewDescriptorsServeManyRuns) {
  reopen(4);
  const auto open_now = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = open_now();
  std::vector<RunId> runs;
  for (int i = 0; i < 50; ++i) runs.emplace_back("run-" + std::to_string(i));
  for (int round = 0; round < 3; ++round) {
    for (const auto& run : runs) {
      const Piece piece{1, static_cast<std::uint64_t>(round), "x", kNoon};
      ASSERT_TRUE(store_->append(run, 1, {&piece, 1}));
    }
    EXPECT_LE(open_now() - before, 2 * 5);
  }
  ASSERT_TRUE(store_->sync(runs));
  reopen(4);
  for (const auto& run : runs) EXPECT_EQ(*store_->read(run, 0, 100), "xxx");
  EXPECT_LE(open_now() - before, 2 * 5);
}

TEST_F(LogStoreTest, FullDiskLosesNothingThatWasAcknowledged) {
  ASSERT_TRUE(append(0, "kept"));
  sync();
  // A file size limit stands for a full disk: write(2) fails in the middle.
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 4096;
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string big(8192, 'x');
  const auto refused = append(4, big);
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(refused);
  EXPECT_EQ(all(), "kept");
  ASSERT_TRUE(append(4, big));
  sync();
  reopen();
  EXPECT_EQ(all(), "kept" + big);
}

TEST_F(LogStoreTest, ManyThreadsAppendReadAndSync) {
  reopen(2);
  std::atomic<bool> good = true;
  const auto work = [&](int number) {
    const RunId run("run-" + std::to_string(number));
    for (std::uint64_t i = 0; i < 200; ++i) {
      const Piece piece{static_cast<std::uint8_t>(1 + i % 2), i, "z", kNoon};
      if (!store_->append(run, 1, {&piece, 1})) good = false;
      if (i % 50 == 0 && !store_->sync({&run, 1})) good = false;
      if (*store_->size(run) != i + 1) good = false;
    }
    if (!store_->sync({&run, 1})) good = false;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(good);
  reopen();
  EXPECT_EQ(*store_->size(RunId("run-3"), 2), 100U);
}

TEST_F(LogStoreTest, AppendsDuringASyncAreKept) {
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < 2000; ++i) EXPECT_TRUE(append(i, "y"));
  });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(store_->sync({&run_, 1}));
  writer.join();
  sync();
  reopen();
  EXPECT_EQ(all(), std::string(2000, 'y'));
}

TEST_F(LogStoreTest, RemoveLeavesNothing) {
  ASSERT_TRUE(append(0, "one"));
  sync();
  ASSERT_TRUE(store_->remove(run_));
  EXPECT_FALSE(io::exists(path(".log")));
  EXPECT_EQ(all(), "");
  ASSERT_TRUE(append(0, "two"));
  EXPECT_EQ(all(), "two");
}

}  // namespace
}  // namespace stoker::logs
