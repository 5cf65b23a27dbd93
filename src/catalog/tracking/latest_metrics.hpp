#pragma once
// The index of latest metric values: derived from the metric store, so that searches find runs by them.

#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct LatestMetric {
  std::string key;
  double value = 0;  // NaN and the infinities as they are
  std::int64_t step = 0;
  Time time;
};

/// ±infinity is the largest number, as MLflow has it.
double finite(double value);

/// Adds and replaces. A run that is gone is none: its points go, too.
Status put_latest_metrics(db::Transaction& transaction, const RunId& run, std::span<const LatestMetric> metrics);

}  // namespace stoker::catalog
