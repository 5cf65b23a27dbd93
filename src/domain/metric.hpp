#pragma once
// What a script logs. v1 points are never dropped as duplicates: log_list([0, 2, 2]) keeps both.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"

namespace stoker {

/// A number (NaN and infinities included) or a text: `run.log` takes both.
using MetricValue = std::variant<double, std::string>;

/// How the point was logged; decides the shape that get_metrics returns (spec 3.3).
enum class MetricKind : std::uint8_t { kScalar = 0, kList = 1, kRow = 2, kTable = 3, kImage = 4 };

struct MetricPoint {
  std::string name;
  MetricKind kind = MetricKind::kScalar;
  /// kScalar, kImage: one value. kList: the values. kRow, kTable: one value per column of one row.
  std::vector<MetricValue> values;
  std::vector<std::string> columns;  // kRow, kTable: as many as values
  std::optional<std::int64_t> step;
  Time time;
};

}  // namespace stoker
