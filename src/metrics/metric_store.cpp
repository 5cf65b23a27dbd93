#include "metrics/metric_store.hpp"

#include "io/file.hpp"
#include "io/open_files.hpp"
#include "metrics/run_metrics.hpp"

namespace stoker::metrics {

class MetricStore::Impl {
 public:
  Impl(std::string directory, std::size_t max_open) : directory_(std::move(directory)), runs_(max_open) {}

  Result<std::shared_ptr<RunMetrics>> of(const RunId& run) {
    TRY(auto stem, io::sharded_stem(directory_, run.text()));
    return runs_.get(run.text(), [&] { return std::make_shared<RunMetrics>(stem + ".metrics"); });
  }
  void forget(const RunId& run) { runs_.forget(run.text()); }

 private:
  const std::string directory_;
  io::OpenFiles<RunMetrics> runs_;
};

MetricStore::MetricStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricStore::~MetricStore() = default;

Result<std::unique_ptr<MetricStore>> MetricStore::open(std::string directory, std::size_t max_open) {
  CHECK_OK(io::make_directories(directory));
  return std::unique_ptr<MetricStore>(new MetricStore(std::make_unique<Impl>(std::move(directory), max_open)));
}

Status MetricStore::append(const RunId& run, int attempt, std::span<const NumberedPoint> points) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->append(attempt, points);
}

Status MetricStore::append_call(const RunId& run, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->append_call(writer, sequence, points);
}

Result<std::uint64_t> MetricStore::last_call(const RunId& run, const std::string& writer) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->last_call(writer);
}

Status MetricStore::sync(std::span<const RunId> runs) {
  Status outcome = ok();
  for (const auto& run : runs) {
    TRY(const auto metrics, impl_->of(run));
    // The others are synced all the same.
    if (auto done = metrics->sync(); !done && outcome) outcome = Error(done.error()).at("making the metrics of " + run.text() + " durable");
  }
  return outcome;
}

Result<std::vector<Series>> MetricStore::read(const RunId& run, const std::optional<std::string>& name, std::size_t max_points) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->read(name, max_points);
}

Result<std::vector<MetricPoint>> MetricStore::tail(const RunId& run, std::uint64_t from_index, std::size_t limit) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->tail(from_index, limit);
}

Result<std::uint64_t> MetricStore::count(const RunId& run) {
  TRY(const auto metrics, impl_->of(run));
  return metrics->count();
}

Status MetricStore::remove(const RunId& run) {
  TRY(const auto metrics, impl_->of(run));
  CHECK_OK(metrics->remove());
  impl_->forget(run);
  return ok();
}

}  // namespace stoker::metrics
