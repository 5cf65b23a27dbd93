#include "metrics/folding.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "io/testing.hpp"
#include "metrics/metric_store.hpp"

namespace stoker::metrics {
namespace {

class FoldingTest : public testing::Test {
 protected:
  void open(std::size_t budget = 16U << 20) {
    store_.reset();
    store_ = *MetricStore::open(folder_ / "store", {.budget = budget});
  }
  void SetUp() override { open(); }
  Mark put(const RunId& run, int count) {
    std::vector<MetricPoint> points(static_cast<std::size_t>(count));
    for (auto& point : points) point = {.name = "loss", .values = {0.5}, .step = next_++, .time = from_micros(next_)};
    return *store_->append_points(run, points);
  }
  bool is_folded(const RunId& run) { return io::exists(*io::sharded_stem(folder_ / "store", run.text()) + ".metrics"); }

  io::testing::TemporaryFolder folder_;
  std::unique_ptr<MetricStore> store_;
  const RunId run_{"run"};
  std::int64_t next_ = 0;
};

TEST_F(FoldingTest, FullDiskLeavesEverythingInTheLog) {
  ASSERT_TRUE(store_->sync(put(run_, 1000)));
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit none = old;
  none.rlim_cur = 10;
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &none);
  const auto refused = store_->fold();
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(refused);
  EXPECT_FALSE(is_folded(run_));
  EXPECT_EQ(store_->read(run_, "loss", 5)->front().count, 1000U);
  open();
  EXPECT_EQ(*store_->count(run_), 1000U);
  EXPECT_TRUE(store_->fold());
  EXPECT_TRUE(is_folded(run_));
  EXPECT_EQ(*store_->count(run_), 1000U);
}

TEST_F(FoldingTest, CrashBeforeTheLogIsLetGoDoublesNothing) {
  ASSERT_TRUE(store_->sync(put(run_, 1000)));
  const auto log = folder_ / "store/log", copy = folder_ / "copy";
  std::filesystem::copy(log, copy, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(store_->fold());
  store_.reset();
  std::filesystem::remove_all(log);
  std::filesystem::copy(copy, log, std::filesystem::copy_options::recursive);
  open();
  EXPECT_EQ(*store_->count(run_), 1000U);
  put(run_, 1);
  ASSERT_TRUE(store_->fold());
  EXPECT_EQ(*store_->count(run_), 1001U);
}

TEST_F(FoldingTest, FoldThatDidNotEndIsDoneAgain) {
  put(run_, 140'000);
  ASSERT_TRUE(store_->fold());
  const auto path = *io::sharded_stem(folder_ / "store", run_.text()) + ".metrics";
  const auto before = std::filesystem::file_size(path);
  put(run_, 1000);
  ASSERT_TRUE(store_->fold());
  EXPECT_GT(std::filesystem::file_size(path), before);  // written behind
  store_.reset();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  open();
  EXPECT_EQ(*store_->count(run_), 141'000U);  // the log has them still
  put(run_, 10);
  ASSERT_TRUE(store_->fold());
  open();
  EXPECT_EQ(store_->read(run_, "loss", 5)->front().count, 141'010U);
}

TEST_F(FoldingTest, WritersFarBeyondTheBudgetWaitForTheBackground) {
  open(64U << 10);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < 3; ++caller) {
    threads.emplace_back([this, caller] {
      std::vector<MetricPoint> points(100, MetricPoint{.name = "loss", .values = {0.5}, .step = caller});
      for (int i = 0; i < 400; ++i) EXPECT_TRUE(store_->append_points(RunId("run-" + std::to_string(caller)), points));
    });
  }
  for (auto& thread : threads) thread.join();
  for (int caller = 0; caller < 3; ++caller) {
    EXPECT_EQ(*store_->count(RunId("run-" + std::to_string(caller))), 40'000U);
    EXPECT_TRUE(is_folded(RunId("run-" + std::to_string(caller))));
  }
  open();
  EXPECT_EQ(store_->steps(RunId("run-2"), "loss")->size(), 1U);
}

}  // namespace
}  // namespace stoker::metrics
