#include "metrics/queries.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "io/testing.hpp"

namespace stoker::metrics {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

MetricPoint mlflow(double value, std::int64_t step, std::int64_t time, std::string model = {}) {
  return {.name = "m", .values = {value}, .step = step, .time = from_micros(time), .is_identified = true, .model_id = std::move(model)};
}

/// Each test sees the same before and after folding.
class QueriesTest : public testing::TestWithParam<bool> {
 protected:
  void put(std::vector<MetricPoint> points) {
    ASSERT_TRUE(store_->append_points(run_, points));
    if (GetParam()) ASSERT_TRUE(store_->fold());
  }
  std::vector<double> history() {
    std::vector<double> values;
    for (const auto& point : *store_->history(run_, "m", 0, kAll)) values.push_back(point.value);
    return values;
  }
  io::testing::TemporaryFolder folder_;
  std::unique_ptr<MetricStore> store_ = *MetricStore::open(folder_.path());
  const RunId run_{"r"};
};

TEST_P(QueriesTest, LatestIsTheGreatestByStepTimeAndValue) {
  const double nan = std::nan("");
  put({mlflow(1, 5, 1), mlflow(9, 1, 9), mlflow(3, 5, 1), mlflow(nan, 5, 1)});
  put({{.name = "text", .values = {"x"}, .time = from_micros(1)},
       {.name = "v1", .values = {7.0}, .time = from_micros(5)},
       {.name = "v1", .values = {std::int64_t{2}}, .time = from_micros(4)}});
  const auto latest = *store_->latest(run_);
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].name, "m");
  EXPECT_EQ(latest[0].value, 3);
  EXPECT_EQ(latest[0].step, 5);
  EXPECT_EQ(latest[1].value, 2);  // logged last
  EXPECT_EQ(latest[1].step, 1);
}

TEST_P(QueriesTest, MlflowsPointsAreOnceInHistoryAndInOrder) {
  const double nan = std::nan("");
  put({mlflow(2, 1, 20), mlflow(1, 1, 10), mlflow(nan, 1, 10), mlflow(-1, 1, 10)});
  put({mlflow(2, 1, 20), mlflow(nan, 1, 10), mlflow(1, 0, 20)});
  const auto values = history();
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values[0], -1);
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ((std::vector<double>{values[2], values[3], values[4]}), (std::vector<double>{1, 1, 2}));
  EXPECT_EQ(store_->history(run_, "m", 3, 1)->front().step, 0);
  EXPECT_TRUE(store_->history(run_, "m", 5, 9)->empty());
  EXPECT_TRUE(store_->history(run_, "unknown", 0, 9)->empty());
  EXPECT_EQ(*store_->steps(run_, "m"), (std::vector<std::int64_t>{0, 1}));
}

TEST_P(QueriesTest, PointsAtStepsKeepTheirContext) {
  put({mlflow(1, 4, 2, "model"), mlflow(2, 3, 1), mlflow(3, 4, 1), mlflow(4, 9, 1)});
  const std::vector<std::int64_t> steps = {3, 4};
  const auto points = *store_->points_at(run_, "m", steps, 10);
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].value, 2);
  EXPECT_EQ(points[1].value, 3);
  EXPECT_EQ(points[2].model_id, "model");
  EXPECT_EQ(store_->points_at(run_, "m", steps, 2)->size(), 2U);
}

TEST_P(QueriesTest, DrawingLosesNoExtremum) {
  constexpr std::int64_t kCount = 200'000;
  std::vector<MetricPoint> points;
  for (std::int64_t i = 0; i < kCount; ++i)
    points.push_back({.name = "m", .values = {std::sin(static_cast<double>(i) / 1e4)}, .step = 2 * i, .time = from_micros(i)});
  points[77'777].values = {100.0};
  points[150'001].values = {std::nan("")};
  points[199'999].values = {-100.0};
  put(points);
  for (const std::size_t buckets : {1U, 10U, 1000U}) {
    const auto drawing = *store_->draw(run_, "m", buckets, {});
    EXPECT_EQ(drawing.count, 200'000U);
    EXPECT_LE(drawing.buckets.size(), buckets);
    EXPECT_GE(drawing.buckets.size(), (buckets + 1) / 2);
    const auto highest = std::ranges::max(drawing.buckets, {}, [](const Bucket& bucket) { return bucket.max.value; });
    EXPECT_EQ(highest.max.step, 155'554);
    EXPECT_EQ(drawing.buckets.back().min.value, -100);
    EXPECT_EQ(drawing.buckets.back().last.step, 2 * (kCount - 1));
    std::uint64_t not_numbers = 0;
    for (const auto& bucket : drawing.buckets) not_numbers += bucket.nan_count;
    EXPECT_EQ(not_numbers, 1U);
  }
  for (const auto by : {DrawRange::By::kIndex, DrawRange::By::kStep}) {
    const auto scale = by == DrawRange::By::kStep ? 2 : 1;
    const auto drawing = *store_->draw(run_, "m", 100, {by, 1001 * scale, 190'006 * scale});
    EXPECT_EQ(drawing.count, 189'006U);
    EXPECT_EQ(drawing.buckets.front().first.step, 2002);
    EXPECT_EQ(drawing.buckets.back().last.step, 380'012);
  }
  EXPECT_EQ(store_->draw(run_, "m", 1000, {DrawRange::By::kIndex, 5, 7})->buckets.size(), 3U);
  EXPECT_EQ(store_->draw(run_, "m", 1000, {DrawRange::By::kIndex, 7, 5})->count, 0U);
  EXPECT_EQ(store_->latest(run_)->front().value, -100);
}

INSTANTIATE_TEST_SUITE_P(FoldedOrNot, QueriesTest, testing::Bool());

/// Points of all kinds and types, folded now and then: what is read stays what was logged.
TEST(Fold, ChangesNothing) {
  io::testing::TemporaryFolder folder;
  const RunId run("r");
  auto store = *MetricStore::open(folder.path());
  std::mt19937_64 random(7);
  std::vector<MetricPoint> logged;
  const auto any_value = [&]() -> MetricValue {
    switch (random() % 4) {
      case 0: return static_cast<std::int64_t>(random() >> (random() % 64));
      case 1: return std::string(random() % 5, 'x');
      default: return static_cast<double>(random() % 1000) / 7;
    }
  };
  for (int round = 0; round < 40; ++round) {
    std::vector<MetricPoint> points(random() % 700);
    for (auto& point : points) {
      point.name = "n" + std::to_string(random() % 30);
      point.kind = static_cast<MetricKind>(random() % 5);
      for (auto left = point.kind == MetricKind::kScalar ? 1 : random() % 4; left > 0; --left)
        point.values.push_back(point.name < "n2" ? any_value() : MetricValue(0.5));
      if (point.kind == MetricKind::kRow) point.columns.assign(point.values.size(), "c");
      if (random() % 3 != 0) point.step = static_cast<std::int64_t>(random());
      point.time = from_micros(static_cast<std::int64_t>(random() % 1'000'000));
      point.is_identified = random() % 4 == 0;
      if (random() % 9 == 0) point.model_id = "model" + std::to_string(random() % 3);
    }
    ASSERT_TRUE(store->append_call(run, "w", static_cast<std::uint64_t>(round) + 1, points));
    logged.insert(logged.end(), points.begin(), points.end());
    if (random() % 3 == 0) ASSERT_TRUE(store->fold());
    if (random() % 5 == 0) {
      store.reset();
      store = *MetricStore::open(folder.path());
    }
    ASSERT_EQ(*store->last_call(run, "w"), static_cast<std::uint64_t>(round) + 1);
    const auto from = random() % (logged.size() + 1);
    const auto tail = *store->tail(run, from, kAll);
    ASSERT_EQ(tail.size(), logged.size() - from);
    for (std::size_t i = 0; i < tail.size(); ++i) {
      const auto& one = logged[from + i];
      ASSERT_EQ(tail[i].name, one.name);
      ASSERT_EQ(tail[i].values, one.values);
      ASSERT_EQ(tail[i].columns, one.columns);
      ASSERT_EQ(tail[i].step, one.step);
      ASSERT_EQ(tail[i].time, one.time);
      ASSERT_EQ(tail[i].is_identified, one.is_identified);
      ASSERT_EQ(tail[i].model_id, one.model_id);
    }
  }
}

}  // namespace
}  // namespace stoker::metrics
