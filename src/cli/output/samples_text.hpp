#pragma once
// What a run used, as a table and small charts. Pure.

#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/output/chart.hpp"
#include "cli/output/terminal.hpp"

namespace stoker::cli {

/// One value over the seconds since the first sample.
struct SampleSeries {
  std::string name;
  std::vector<ChartPoint> points;
};
/// In the order in which they appear in the record of GET /runs/{run}/samples.
std::vector<SampleSeries> read_samples(const json::object& record);

/// Last, mean and greatest of each value, in units for people, with its shape.
std::string samples_table(const std::vector<SampleSeries>& series, const Terminal& terminal);
/// CPU and memory, and those of the GPUs, with at least three samples.
std::string samples_charts(const std::vector<SampleSeries>& series, const Terminal& terminal);

}  // namespace stoker::cli
