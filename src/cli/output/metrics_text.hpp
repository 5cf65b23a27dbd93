#pragma once
// Metrics of a run for people: a table with a line for each, and charts of those that are series. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/output/chart.hpp"
#include "cli/output/terminal.hpp"

namespace stoker::cli {

struct MetricView {
  std::string name, kind;  // scalar | list | row | table | image
  std::vector<std::string> columns;
  std::vector<std::vector<json::value>> rows;  // the values of each point
  std::vector<ChartPoint> series;              // the numbers of a scalar or list; x is the step, or the place in the list
  std::uint64_t count = 0;                     // of points on the server; more than `rows` when truncated
  std::string last;                            // the latest value, as text
};
/// From GET /runs/{id}/metrics.
std::vector<MetricView> read_metrics(const json::object& record);

/// Empty without metrics.
std::string metrics_table(const std::vector<MetricView>& metrics, const Terminal& terminal);
/// A chart for each series of three points and more, and the rows of rows and tables.
std::string metric_details(const std::vector<MetricView>& metrics, const Terminal& terminal);

}  // namespace stoker::cli
