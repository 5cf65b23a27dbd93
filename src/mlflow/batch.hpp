#pragma once
// What log-batch brings, read and checked. Pure.

#include <vector>

#include "catalog/tracking/tracked_run.hpp"
#include "domain/metric.hpp"
#include "mlflow/fields.hpp"

namespace stoker::mlflow {

struct Batch {
  std::string run_id;
  std::vector<MetricPoint> metrics;
  catalog::KeyValues params;  // values are cut
  catalog::KeyValues tags;    // values are cut
};

/// kInvalidInput: the first mistake in MLflow's order: types, the run's id, names and lengths, counts, params that come twice.
Result<Batch> read_batch(const Fields& fields);

/// One of log-metric, whose key is called `key` there.
Result<MetricPoint> read_metric(const Fields& fields);
Status check_metric(const Fields& fields, const MetricPoint& point);

}  // namespace stoker::mlflow
