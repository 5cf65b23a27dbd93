#pragma once
// What a script logs. v1 points are never dropped as duplicates: log_list([0, 2, 2]) keeps both.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"

namespace stoker {

/// A number (NaN and infinities included), a text or a whole number: `run.log` takes all, and log('n', 3) comes back as 3.
using MetricValue = std::variant<double, std::string, std::int64_t>;

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
  /// MLflow's point: the same (name, time, step, value) again is the same point. v1's points never are.
  bool is_identified = false;
  std::string model_id, dataset_name, dataset_digest;  // MLflow 3; usually empty
};

}  // namespace stoker
