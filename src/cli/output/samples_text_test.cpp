#include "cli/output/samples_text.hpp"

#include <gtest/gtest.h>

#include "cli/golden.hpp"

namespace stoker::cli {
namespace {

json::object record() {
  json::array samples;
  const auto begin = from_micros(1'700'000'000'000'000);
  for (int i = 0; i < 8; ++i) {
    json::object values{{"cpu_percent", i * 12.5}, {"cpu_seconds", i * 1.25}, {"memory_bytes", i * 100'000'000}};
    if (i > 1) values["gpu_0_percent"] = 50 + i;
    samples.push_back({{"time", format_time(begin + std::chrono::seconds(i * 10))}, {"values", values}});
  }
  return {{"samples", samples}};
}

TEST(SamplesText, SecondsBeginAtTheFirstSampleWhateverComesLater) {
  const auto series = read_samples(record());
  ASSERT_EQ(series.size(), 4U);
  EXPECT_EQ(series[0].name, "cpu_percent");
  EXPECT_EQ(series[0].points.back().x, 70);
  EXPECT_EQ(series[3].points.front().x, 20);
  EXPECT_TRUE(read_samples(json::object{{"samples", json::array{1, json::object{{"time", "x"}}}}}).empty());
}

TEST(SamplesText, TableAndCharts) {
  const auto series = read_samples(record());
  expect_golden("samples.txt", samples_table(series, {}) + samples_charts(series, {}));
  EXPECT_EQ(samples_table({}, {}), "");
}

}  // namespace
}  // namespace stoker::cli
