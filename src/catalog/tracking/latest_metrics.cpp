#include "catalog/tracking/latest_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stoker::catalog {

double finite(double value) { return std::clamp(value, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()); }

Status put_latest_metrics(db::Transaction& transaction, const RunId& run, std::span<const LatestMetric> metrics) {
  if (metrics.empty()) return ok();
  auto& connection = transaction.connection();
  TRY(const auto keys, connection.read_one("find_run_for_index", {run},
                                           [](const db::Row& row) { return std::pair(row.integer("pk"), row.integer("experiment_pk")); }));
  if (!keys) return ok();
  for (const auto& metric : metrics) {
    // Neither engine can do without: SQLite stores NaN as null, and a text with NUL is none.
    if (metric.key.find('\0') != std::string::npos) continue;
    const bool is_nan = std::isnan(metric.value);
    const double value = is_nan ? 0.0 : finite(metric.value);
    CHECK_OK(connection.execute("put_latest_metric", {keys->first, metric.key, keys->second, value, is_nan, metric.step, metric.time}));
  }
  return ok();
}

}  // namespace stoker::catalog
