#include "metrics/metric_store.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/crc32c.hpp"
#include "io/file.hpp"
#include "io/open_files.hpp"
#include "metrics/queries.hpp"

namespace stoker::metrics {
namespace {

const Time kNoon = from_micros(1'700'000'000'000'000);
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

MetricPoint scalar(std::string name, MetricValue value, std::optional<std::int64_t> step = std::nullopt) {
  return MetricPoint{std::move(name), MetricKind::kScalar, {std::move(value)}, {}, step, kNoon};
}

class MetricStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "metrics-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void reopen(MetricStore::Options options = {}) {
    store_.reset();
    auto opened = MetricStore::open(directory_, options);
    ASSERT_TRUE(opened) << opened.error().to_line();
    store_ = std::move(*opened);
  }
  Result<Mark> append(std::uint64_t seq, MetricPoint point, int attempt = 1) {
    const NumberedPoint numbered{seq, std::move(point)};
    auto mark = store_->append(run_, attempt, {&numbered, 1});
    if (mark) last_ = *mark;
    return mark;
  }
  void sync() { ASSERT_TRUE(store_->sync(last_)); }
  std::vector<Series> all() { return *store_->read(run_, std::nullopt, kAll); }
  std::vector<double> numbers(const std::string& name) {
    std::vector<double> values;
    for (const auto& series : *store_->read(run_, name, kAll)) {
      for (const auto& point : series.points) {
        for (const auto& value : point.values) values.push_back(*number_of(value));
      }
    }
    return values;
  }
  std::string path() { return *io::sharded_stem(directory_, run_.text()) + ".metrics"; }

  std::string log_path() { return directory_ + "/log/1.log"; }
  static std::string legacy_file() { return *io::read_file(STOKER_SOURCE_DIR "/src/metrics/testdata/version_2.metrics"); }
  void put_file(std::string_view bytes) {
    store_.reset();
    std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
    std::ofstream(path(), std::ios::binary) << bytes;
    reopen();
  }

  std::string directory_;
  Mark last_;
  RunId run_{"exp_1700000000_0a1b2c3d"};
  std::unique_ptr<MetricStore> store_;
};

TEST_F(MetricStoreTest, UnknownRunHasNone) {
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(*store_->count(run_), 0U);
  EXPECT_TRUE(store_->tail(run_, 0, 10)->empty());
  EXPECT_TRUE(store_->sync({}));
  EXPECT_TRUE(store_->remove(run_));
}

TEST_F(MetricStoreTest, EqualValuesAreKept) {
  for (std::uint64_t seq = 1; seq <= 3; ++seq) ASSERT_TRUE(append(seq, scalar("loss", 2.0)));
  EXPECT_EQ(numbers("loss"), (std::vector<double>{2, 2, 2}));
}

TEST_F(MetricStoreTest, SentAgainIsDroppedByNumberAlsoAfterACrash) {
  const std::vector<NumberedPoint> first = {{3, scalar("loss", 1.0)}, {5, scalar("loss", 2.0)}};
  ASSERT_TRUE(store_->append(run_, 1, first));
  reopen();
  const std::vector<NumberedPoint> again = {{3, scalar("loss", 1.0)}, {5, scalar("loss", 2.0)}, {9, scalar("loss", 3.0)}};
  ASSERT_TRUE(store_->append(run_, 1, again));
  sync();
  reopen();
  ASSERT_TRUE(store_->append(run_, 1, again));
  EXPECT_EQ(numbers("loss"), (std::vector<double>{1, 2, 3}));
}

TEST_F(MetricStoreTest, LaterAttemptBeginsAgainAndOlderOnesAreDropped) {
  ASSERT_TRUE(append(7, scalar("loss", 1.0)));
  ASSERT_TRUE(append(1, scalar("loss", 2.0), 2));
  ASSERT_TRUE(append(8, scalar("loss", 9.0), 1));
  reopen();
  ASSERT_TRUE(append(9, scalar("loss", 9.0), 1));
  ASSERT_TRUE(append(1, scalar("loss", 2.0), 2));
  EXPECT_EQ(numbers("loss"), (std::vector<double>{1, 2}));
}

TEST_F(MetricStoreTest, EveryShapeComesBackAsItWas) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<NumberedPoint> points = {
      {1, scalar("n", std::nan(""), -5)},
      {2, scalar("n", infinity, std::numeric_limits<std::int64_t>::max())},
      {3, scalar("n", -infinity, std::numeric_limits<std::int64_t>::min())},
      {4, scalar("text", std::string("h\xc3\xa9llo\nworld"))},
      {5, {"list", MetricKind::kList, {1.0, std::string("two"), 3.0}, {}, {}, kNoon}},
      {6, {"list", MetricKind::kList, {}, {}, {}, kNoon}},
      {7, {"row", MetricKind::kRow, {1.0, 2.0}, {"x", "y"}, {}, from_micros(-1)}},
      {8, {"row", MetricKind::kRow, {3.0}, {"z"}, {}, kNoon}},
      {10, scalar("n", std::int64_t{3}, 4)},
      {11, {"list", MetricKind::kList, {std::int64_t{9'007'199'254'740'993}, 0.5}, {}, {}, kNoon}},
      {12, {"", MetricKind::kImage, {std::string("aml://artifactId/x")}, {}, {}, kNoon}},
  };
  ASSERT_TRUE(store_->append(run_, 1, points));
  sync();
  reopen();
  const auto series = all();
  ASSERT_EQ(series.size(), 6U);
  EXPECT_TRUE(std::isnan(std::get<double>(series[0].points[0].values[0])));
  EXPECT_EQ(std::get<double>(series[0].points[2].values[0]), -infinity);
  EXPECT_EQ(series[0].points[1].step, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(series[0].points[2].step, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(series[1].points[0].values[0], MetricValue("h\xc3\xa9llo\nworld"));
  EXPECT_FALSE(series[1].points[0].step.has_value());
  EXPECT_EQ(series[2].points[0].values, points[4].second.values);
  EXPECT_TRUE(series[2].points[1].values.empty());
  EXPECT_EQ(series[0].points[3].values[0], MetricValue(std::int64_t{3}));
  EXPECT_EQ(series[2].points[2].values[0], MetricValue(std::int64_t{9'007'199'254'740'993}));
  EXPECT_EQ(series[3].columns, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(series[3].points[0].time, from_micros(-1));
  EXPECT_EQ(series[4].name, "row");
  EXPECT_EQ(series[4].points[0].index, 7U);
  EXPECT_EQ(series[5].kind, MetricKind::kImage);
}

TEST_F(MetricStoreTest, AMillionPointsInOneSeries) {
  constexpr std::uint64_t kCount = 1'000'000;
  std::vector<NumberedPoint> batch;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    batch.emplace_back(i + 1, scalar("loss", static_cast<double>(i), static_cast<std::int64_t>(i)));
    if (batch.size() < 50'000) continue;
    ASSERT_TRUE(store_->append(run_, 1, batch));
    batch.clear();
  }
  sync();
  reopen();
  EXPECT_EQ(*store_->count(run_), kCount);
  const auto some = *store_->read(run_, "loss", 1000);
  EXPECT_EQ(some[0].count, kCount);
  EXPECT_EQ(some[0].points.size(), 1000U);
  const auto last = *store_->tail(run_, kCount - 3, 100);
  ASSERT_EQ(last.size(), 3U);
  EXPECT_EQ(last[2].step, 999'999);
  EXPECT_EQ(last[2].name, "loss");
}

TEST_F(MetricStoreTest, TenThousandNamesInOneRun) {
  std::vector<NumberedPoint> batch;
  for (std::uint64_t i = 0; i < 30'000; ++i) batch.emplace_back(i + 1, scalar("metric/" + std::to_string(i % 10'000), static_cast<double>(i)));
  ASSERT_TRUE(store_->append(run_, 1, batch));
  sync();
  reopen();
  EXPECT_EQ(all().size(), 10'000U);
  EXPECT_EQ(numbers("metric/77"), (std::vector<double>{77, 10'077, 20'077}));
  EXPECT_EQ(store_->tail(run_, 29'999, 10)->front().name, "metric/9999");
}

TEST_F(MetricStoreTest, TailGoesOnWhereItStopped) {
  for (std::uint64_t seq = 1; seq <= 20; ++seq) ASSERT_TRUE(append(seq, scalar("loss", static_cast<double>(seq))));
  std::uint64_t at = 0;
  std::vector<double> seen;
  while (at < 20) {
    const auto points = *store_->tail(run_, at, 7);
    for (const auto& point : points) seen.push_back(std::get<double>(point.values[0]));
    at += points.size();
  }
  EXPECT_EQ(seen, numbers("loss"));
}

TEST_F(MetricStoreTest, FewKnownRunsServeManyRunsOfManyThreads) {
  reopen({.max_open = 3});
  std::atomic<bool> good = true;
  const auto work = [&](int first) {
    for (std::uint64_t seq = 1; seq <= 20; ++seq) {
      for (int i = first; i < first + 10; ++i) {
        const RunId run("run-" + std::to_string(i));
        const NumberedPoint point{seq, scalar("loss", static_cast<double>(seq))};
        const auto mark = store_->append(run, 1, {&point, 1});
        if (!mark || (seq % 10 == 0 && !store_->sync(*mark))) good = false;
        if (*store_->count(run) != seq) good = false;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, i * 10);
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(good);
  reopen();
  EXPECT_EQ(store_->read(RunId("run-39"), "loss", 5)->front().count, 20U);
}

TEST_F(MetricStoreTest, ReadersAndAWriterShareARun) {
  std::thread writer([&] {
    for (std::uint64_t seq = 1; seq <= 2000; ++seq) EXPECT_TRUE(append(seq, scalar("loss", static_cast<double>(seq))));
  });
  for (int i = 0; i < 20; ++i) {
    const auto values = numbers("loss");
    for (std::size_t at = 0; at < values.size(); ++at) ASSERT_EQ(values[at], static_cast<double>(at + 1));
    EXPECT_TRUE(store_->sync({}));
  }
  writer.join();
  EXPECT_EQ(numbers("loss").size(), 2000U);
}

TEST_F(MetricStoreTest, CallsOfWritersStandBesideTheJournalInOrder) {
  ASSERT_TRUE(append(1, scalar("loss", 1.0)));
  const std::vector<MetricPoint> two = {scalar("loss", 2.0), scalar("loss", 3.0)}, one = {scalar("loss", 4.0)};
  ASSERT_TRUE(store_->append_call(run_, "a", 1, two));
  ASSERT_TRUE(store_->append_call(run_, "b", 1, one));
  ASSERT_TRUE(append(2, scalar("loss", 5.0)));
  ASSERT_TRUE(append(1, scalar("loss", 1.0)));
  ASSERT_TRUE(store_->append_call(run_, "a", 1, two));
  reopen();
  ASSERT_TRUE(store_->append_call(run_, "a", 1, two));
  ASSERT_TRUE(store_->append_call(run_, "a", 2, one));
  ASSERT_TRUE(append(2, scalar("loss", 5.0)));
  EXPECT_EQ(numbers("loss"), (std::vector<double>{1, 2, 3, 4, 5, 4}));
  EXPECT_EQ(*store_->last_call(run_, "a"), 2U);
  EXPECT_EQ(*store_->last_call(run_, "c"), 0U);
}

TEST_F(MetricStoreTest, CallThatIsMissingIsAConflict) {
  const std::vector<MetricPoint> one = {scalar("loss", 4.0)};
  EXPECT_EQ(store_->append_call(run_, "a", 2, one).error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(store_->append_call(run_, "a", 1, {}));
  EXPECT_TRUE(store_->append_call(run_, "a", 2, one));
  EXPECT_EQ(numbers("loss"), (std::vector<double>{4}));
}

TEST_F(MetricStoreTest, CallIsWholeOrNotThere) {
  std::vector<MetricPoint> many;
  for (int i = 0; i < 30'000; ++i) many.push_back(scalar(i % 2 == 0 ? "loss" : "other", static_cast<double>(i)));
  ASSERT_TRUE(append(1, scalar("loss", 1.0)));
  sync();
  ASSERT_TRUE(store_->append_call(run_, "a", 1, many));
  reopen();
  const auto whole = *io::read_file(log_path());
  const auto end = std::string_view(whole).find_last_not_of('\0') + 1;
  for (const auto length : {end - 1, end / 2, end - end / 4}) {
    store_.reset();
    std::filesystem::remove_all(directory_ + "/log");
    std::filesystem::create_directory(directory_ + "/log");
    std::ofstream(log_path(), std::ios::binary) << whole.substr(0, length);
    reopen();
    EXPECT_EQ(*store_->count(run_), 1U);
    EXPECT_EQ(*store_->last_call(run_, "a"), 0U);
    ASSERT_TRUE(store_->append_call(run_, "a", 1, many));
    EXPECT_EQ(*store_->count(run_), 30'001U);
    reopen();
    EXPECT_EQ(*store_->count(run_), 30'001U);
  }
}

TEST_F(MetricStoreTest, NewerFormatIsRefusedAndNotTouched) {
  std::string header(legacy_file().substr(0, 16));
  header[8] = 4;
  const auto checksum = crc32c(std::string_view(header).substr(0, 12));
  for (std::size_t i = 0; i < 4; ++i) header[12 + i] = static_cast<char>(checksum >> (8 * i));
  put_file(header);
  EXPECT_EQ(store_->count(run_).error().code(), ErrorCode::kDataFormat);
  EXPECT_EQ(append(2, scalar("loss", 2.0)).error().code(), ErrorCode::kDataFormat);
  EXPECT_EQ(*io::read_file(path()), header);
}

TEST_F(MetricStoreTest, FileOfVersionTwoIsReadAndGoesOn) {
  put_file(legacy_file());
  const auto check = [&] {
    EXPECT_EQ(*store_->count(run_), 11U);
    const auto series = all();
    ASSERT_EQ(series.size(), 6U);
    EXPECT_EQ(series[0].points[0].values[0], MetricValue(0.5));
    EXPECT_TRUE(std::isnan(std::get<double>(series[0].points[1].values[0])));
    EXPECT_EQ(series[0].points[1].step, 2);
    EXPECT_FALSE(series[0].points[2].step.has_value());
    EXPECT_EQ(series[0].points[5].values[0], MetricValue(0.125));
    EXPECT_EQ(series[1].points[0].values[0], MetricValue("h\xc3\xa9llo"));
    EXPECT_EQ(series[2].points[0].values, (std::vector<MetricValue>{1.0, "two", 3.0}));
    EXPECT_EQ(series[3].points[0].time, from_micros(-1));
    EXPECT_EQ(series[3].columns, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(series[4].kind, MetricKind::kImage);
    EXPECT_EQ(*store_->last_call(run_, "notebook"), 2U);
  };
  check();
  ASSERT_TRUE(append(3, scalar("loss", 9.0), 2));  // sent again
  ASSERT_TRUE(append(9, scalar("loss", 9.0), 1));  // of an older attempt
  check();
  ASSERT_TRUE(store_->fold());
  reopen();
  check();
  ASSERT_TRUE(append(4, scalar("loss", 9.0), 2));
  ASSERT_TRUE(store_->fold());
  reopen();
  EXPECT_EQ(*store_->count(run_), 12U);
  EXPECT_EQ(store_->tail(run_, 11, 5)->front().values[0], MetricValue(9.0));
}

TEST_F(MetricStoreTest, FileOfVersionTwoEndsAtItsTornTail) {
  const auto whole = legacy_file();
  std::uint64_t most = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put_file(whole.substr(0, length));
    const auto count = *store_->count(run_);
    EXPECT_GE(count, most);
    EXPECT_LT(count, 11U);
    most = count;
  }
  EXPECT_EQ(most, 10U);
}

TEST_F(MetricStoreTest, FullDiskLosesNothingThatWasAcknowledged) {
  ASSERT_TRUE(append(1, scalar("loss", 1.0)));
  sync();
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  rlimit small = old;
  small.rlim_cur = 1U << 20;
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = append(2, scalar("long", std::string(2U << 20, 'x')));
  const auto fits = append(2, scalar("loss", 2.0));
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_FALSE(refused);
  EXPECT_TRUE(fits);
  ASSERT_TRUE(append(3, scalar("long", std::string(2U << 20, 'y'))));
  sync();
  reopen();
  EXPECT_EQ(numbers("loss"), (std::vector<double>{1, 2}));
  EXPECT_EQ(*store_->count(run_), 3U);
}

TEST_F(MetricStoreTest, RemoveLeavesNothing) {
  for (const bool is_folded : {false, true}) {
    ASSERT_TRUE(append(1, scalar("loss", 1.0)));
    sync();
    if (is_folded) ASSERT_TRUE(store_->fold());
    ASSERT_TRUE(store_->remove(run_));
    EXPECT_FALSE(io::exists(path()));
    EXPECT_TRUE(all().empty());
    reopen();
    EXPECT_TRUE(all().empty());
    ASSERT_TRUE(append(1, scalar("loss", 2.0)));
    EXPECT_EQ(numbers("loss"), (std::vector<double>{2}));
    reopen();
    EXPECT_EQ(numbers("loss"), (std::vector<double>{2}));
    ASSERT_TRUE(store_->remove(run_));
  }
}

TEST_F(MetricStoreTest, RunsThatChangedWaitForTheIndex) {
  reopen({.waits_for_index = true});
  const RunId other("other");
  const auto point = scalar("loss", 1.0);
  ASSERT_TRUE(store_->append_points(run_, {&point, 1}));
  ASSERT_TRUE(store_->append_points(other, {&point, 1}));
  EXPECT_EQ(store_->unindexed(1).size(), 1U);
  EXPECT_EQ(store_->unindexed(10).size(), 2U);
  ASSERT_TRUE(store_->append_points(other, {&point, 1}));
  store_->indexed(std::vector{run_, other});
  EXPECT_EQ(store_->unindexed(10), std::vector{other});
  ASSERT_TRUE(store_->fold());
  reopen({.waits_for_index = true});
  const auto again = store_->unindexed(10);
  EXPECT_NE(std::ranges::find(again, other), again.end());
  store_->indexed(again);
  EXPECT_TRUE(store_->unindexed(10).empty());
}

}  // namespace
}  // namespace stoker::metrics
