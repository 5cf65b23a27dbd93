#include "metrics/metric_store.hpp"

#include <atomic>
#include <chrono>

#include "base/log.hpp"
#include "metrics/drawing.hpp"
#include "metrics/folding.hpp"
#include "metrics/log.hpp"
#include "metrics/queries.hpp"
#include "metrics/run_table.hpp"
#include "metrics/unindexed.hpp"

namespace stoker::metrics {

class MetricStore::Impl {
 public:
  Impl(const std::string& directory, Options options) : options(options), runs(directory, options.max_open) {}

  Status open(const std::string& directory) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    TRY(log, Log::open(directory + "/log", static_cast<std::uint32_t>(seconds),
                       [this](Position position, std::string_view payload) { replay(position, payload); }));
    log->set_lost([this](Position durable) {
      for (const auto& run : runs.all()) run->roll_back(durable);
    });
    folding = std::make_unique<Folding>(*log, runs, unindexed, options.budget);
    if (runs.memory() > 0) folding->start();
    return ok();
  }
  void replay(Position position, std::string_view payload) {
    RecordInfo info;
    if (!RecordReader(payload).begin(info)) return;
    const RunId id(info.run);
    auto run = runs.get(id);
    if (!run) return;
    (*run)->replay(position, info, payload);
    if (options.waits_for_index) unindexed.add(id, position);
  }
  template <class Append>
  Result<Mark> append(const RunId& id, Append append) {
    CHECK_OK(folding->make_way());
    TRY(const auto run, runs.get(id));
    TRY(const auto position, append(*run));
    if (position > 0 && !is_started.exchange(true)) folding->start();
    if (options.waits_for_index && position > 0) unindexed.add(id, position);
    return Mark{position};
  }
  template <class Ask>
  auto ask(const RunId& id, Ask ask) -> decltype(ask(std::declval<const RunView&>())) {
    TRY(const auto run, runs.get(id));
    TRY(const auto view, run->view());
    return ask(view);
  }

  const Options options;
  RunTable runs;
  Unindexed unindexed;
  std::unique_ptr<Log> log;
  std::unique_ptr<Folding> folding;
  std::atomic<bool> is_started = false;
};

MetricStore::MetricStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MetricStore::~MetricStore() {
  impl_->folding.reset();
  if (const auto done = sync({impl_->log->end()}); !done)
    log::error("metrics", "the last metrics could not be stored", {{"cause", done.error().to_line()}});
}

Result<std::unique_ptr<MetricStore>> MetricStore::open(std::string directory, Options options) {
  auto impl = std::make_unique<Impl>(directory, options);
  CHECK_OK(impl->open(directory));
  return std::unique_ptr<MetricStore>(new MetricStore(std::move(impl)));
}

Result<Mark> MetricStore::append(const RunId& run, int attempt, std::span<const NumberedPoint> points) {
  return impl_->append(run, [&](RunMetrics& metrics) { return metrics.append(*impl_->log, attempt, points); });
}

Result<Mark> MetricStore::append_call(const RunId& run, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points) {
  return impl_->append(run, [&](RunMetrics& metrics) { return metrics.append_call(*impl_->log, writer, sequence, points); });
}

Result<Mark> MetricStore::append_points(const RunId& run, std::span<const MetricPoint> points) {
  return impl_->append(run, [&](RunMetrics& metrics) { return metrics.append_points(*impl_->log, points); });
}

Result<std::uint64_t> MetricStore::last_call(const RunId& run, const std::string& writer) {
  TRY(const auto metrics, impl_->runs.get(run));
  return metrics->last_call(writer);
}

Status MetricStore::sync(Mark upto) {
  if (const auto done = impl_->log->sync(upto.position); !done) return Error(done.error()).at("making metrics durable");
  return ok();
}

Result<std::vector<Series>> MetricStore::read(const RunId& run, const std::optional<std::string>& name, std::size_t max_points) {
  return impl_->ask(run, [&](const RunView& view) { return read_series(view, name, max_points); });
}

Result<std::vector<MetricPoint>> MetricStore::tail(const RunId& run, std::uint64_t from_index, std::size_t limit) {
  TRY(const auto metrics, impl_->runs.get(run));
  TRY(const auto view, metrics->view(from_index));
  return read_tail(view, from_index, limit);
}

Result<std::uint64_t> MetricStore::count(const RunId& run) {
  TRY(const auto metrics, impl_->runs.get(run));
  return metrics->count();
}

Result<std::vector<Latest>> MetricStore::latest(const RunId& run) { return impl_->ask(run, find_latest); }

Result<std::vector<HistoryPoint>> MetricStore::history(const RunId& run, const std::string& name, std::size_t offset, std::size_t limit) {
  return impl_->ask(run, [&](const RunView& view) { return find_history(view, name, offset, limit); });
}

Result<std::vector<std::int64_t>> MetricStore::steps(const RunId& run, const std::string& name) {
  return impl_->ask(run, [&](const RunView& view) { return find_steps(view, name); });
}

Result<std::vector<HistoryPoint>> MetricStore::points_at(const RunId& run, const std::string& name, std::span<const std::int64_t> sorted_steps,
                                                         std::size_t limit) {
  return impl_->ask(run, [&](const RunView& view) { return find_points_at(view, name, sorted_steps, limit); });
}

Result<Drawing> MetricStore::draw(const RunId& run, const std::string& name, std::size_t buckets, const DrawRange& range) {
  return impl_->ask(run, [&](const RunView& view) { return draw_scalar(view, name, buckets, range); });
}

std::vector<RunId> MetricStore::unindexed(std::size_t limit) { return impl_->unindexed.take(limit); }

void MetricStore::indexed(std::span<const RunId> runs) {
  impl_->unindexed.settle(runs);
  impl_->folding->release();
}

Status MetricStore::fold() { return impl_->folding->fold(); }

Status MetricStore::remove(const RunId& run) {
  const auto paused = impl_->folding->pause();
  TRY(const auto metrics, impl_->runs.get(run));
  TRY(const auto position, metrics->begin_removal(*impl_->log));
  impl_->unindexed.forget(run);
  if (position == 0) return ok();
  CHECK_OK(sync({position}));
  return metrics->finish_removal(position);
}

}  // namespace stoker::metrics
