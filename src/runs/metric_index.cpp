#include "runs/metric_index.hpp"

#include "base/log.hpp"
#include "catalog/tracking/latest_metrics.hpp"

namespace stoker::runs {
namespace {

/// Runs in one transaction: everybody who writes waits behind it.
constexpr std::size_t kAtOnce = 64;
constexpr std::chrono::seconds kPause{1};

using Batch = std::vector<std::pair<RunId, std::vector<catalog::LatestMetric>>>;

Result<Batch> latest_of(metrics::MetricStore& metrics, const std::vector<RunId>& runs) {
  Batch batch;
  batch.reserve(runs.size());
  for (const auto& run : runs) {
    TRY(const auto latest, metrics.latest(run));
    std::vector<catalog::LatestMetric> values;
    values.reserve(latest.size());
    for (const auto& one : latest) values.push_back({.key = one.name, .value = one.value, .step = one.step, .time = one.time});
    batch.emplace_back(run, std::move(values));
  }
  return batch;
}

}  // namespace

io::Task<Status> MetricIndex::refresh() {
  while (is_busy_) co_await done_.wait();
  is_busy_ = true;
  Status brought;
  try {
    brought = co_await bring_all();
  } catch (...) {
    is_busy_ = false;
    done_.notify();
    throw;
  }
  is_busy_ = false;
  done_.notify();
  co_return brought;
}

io::Task<Status> MetricIndex::bring_all() {
  for (;;) {
    const auto runs = metrics_.unindexed(kAtOnce);
    if (runs.empty()) co_return ok();
    auto& metrics = metrics_;
    auto look = [&metrics, &runs] { return latest_of(metrics, runs); };
    CO_TRY(auto batch, co_await io::blocking(pool_, std::move(look)));
    auto write = [batch = std::move(batch)](db::Transaction& transaction) -> Status {
      for (const auto& [run, values] : batch) CHECK_OK(catalog::put_latest_metrics(transaction, run, values));
      return ok();
    };
    CO_CHECK_OK(co_await catalog_.write(std::move(write)));
    metrics_.indexed(runs);
    if (runs.size() < kAtOnce) co_return ok();
  }
}

io::Task<void> MetricIndex::run() {
  for (;;) {
    co_await io::sleep_for(kPause);
    if (is_busy_) continue;
    const auto brought = co_await refresh();
    if (!brought) log::warning("runs", "latest values of metrics could not be indexed", {{"cause", brought.error().to_line()}});
  }
}

}  // namespace stoker::runs
