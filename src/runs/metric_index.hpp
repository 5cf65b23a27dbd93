#pragma once
// Brings the latest values of metrics from the metric store into the catalog, where searches find them: once a second, and before a search.
// Who logs a metric pays nothing for it. After a crash the store names again what was not brought over.

#include "catalog/catalog.hpp"
#include "metrics/metric_store.hpp"

namespace stoker::runs {

class MetricIndex {
 public:
  MetricIndex(io::Loop& loop, io::Pool& pool, catalog::Catalog& catalog, metrics::MetricStore& metrics)
      : pool_(pool), catalog_(catalog), metrics_(metrics), done_(loop) {}

  /// When it is ok, the catalog has what was on disk before the call.
  io::Task<Status> refresh();
  /// Until it is cancelled.
  io::Task<void> run();

 private:
  io::Task<Status> bring_all();

  io::Pool& pool_;
  catalog::Catalog& catalog_;
  metrics::MetricStore& metrics_;
  bool is_busy_ = false;
  io::Signal done_;
};

}  // namespace stoker::runs
