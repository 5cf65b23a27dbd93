// What the store does in a second, on disk and in memory, beside its floor; bench/run prints it. One figure a line.
//   floor FOLDER POINTS          points/s: batches of 1,000 points of 16 bytes, each appended to a preallocated file and synced
//   ingest FOLDER POINTS CALLERS points/s: batches of 1,000, each durable when it is answered, and all read back
//   small FOLDER CALLS CALLERS   calls/s: 11 points each, each durable
//   size FOLDER POINTS           bytes a point: noisy loss curves of 20 keys with real times, a step's keys logged together
//   calls FOLDER POINTS          the same where each key has a call and a time of its own
//   draw FOLDER POINTS           ms: one series drawn at 1,000 pixels
//   history FOLDER POINTS        ms: one series read as MLflow's history
//   runs FOLDER RUNS             bytes a run of 10 points, us to read the latest of one
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <thread>

#include "io/file.hpp"
#include "metrics/metric_store.hpp"

namespace stoker::metrics {
namespace {

constexpr std::size_t kBatch = 1000;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().to_line().c_str());
  std::exit(1);
}
void must(Status status) {
  if (!status) must(Result<int>(status.error()));
}

/// A training loop: every 0.1 s or so a step, whose keys are logged one after the other.
class Loop {
 public:
  explicit Loop(int keys, unsigned seed = 1, bool with_own_times = true) : keys_(keys), with_own_times_(with_own_times), random_(seed) {}
  MetricPoint next() {
    if (key_ == 0) {
      time_ += 100'000 + static_cast<std::int64_t>(2'000 * noise_(random_));
      ++step_;
    }
    if (with_own_times_) time_ += 8 + static_cast<std::int64_t>(2 * std::abs(noise_(random_)));
    const double curve = 2.5 * std::exp(-static_cast<double>(step_) / 20'000) + 0.3;
    MetricPoint point{.name = "train/loss_" + std::to_string(key_),
                      .values = {static_cast<double>(static_cast<float>(curve * (1 + 0.05 * noise_(random_))))}};
    point.step = step_;
    point.time = from_micros(time_);
    key_ = (key_ + 1) % keys_;
    return point;
  }
  std::vector<MetricPoint> next(std::size_t count) {
    std::vector<MetricPoint> points;
    while (points.size() < count) points.push_back(next());
    return points;
  }

 private:
  const int keys_;
  const bool with_own_times_;
  std::mt19937_64 random_;
  std::normal_distribution<double> noise_{0, 1};
  std::int64_t time_ = 1'700'000'000'000'000, step_ = 0;
  int key_ = 0;
};

std::uint64_t bytes_below(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat info{};
    if (entry.is_regular_file() && entry.path().extension() != ".log" && ::stat(entry.path().c_str(), &info) == 0)
      bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

/// `work(caller)` in so many threads; seconds.
double together(int callers, const std::function<void(int)>& work) {
  const auto start = now();
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
  return now() - start;
}

void floor_of(const std::string& folder, std::size_t points) {
  const auto file = must(io::open_file(folder + "/floor", O_RDWR | O_CREAT | O_TRUNC));
  const std::size_t size = points * 16;
  const std::string zeros(1U << 20, '\0');
  for (std::size_t at = 0; at < size; at += zeros.size()) must(io::write_all_at(file.get(), zeros, at));
  must(io::sync_file(file.get()));
  const std::string batch(kBatch * 16, 'x');
  const auto start = now();
  for (std::size_t at = 0; at + batch.size() <= size; at += batch.size()) {
    must(io::write_all_at(file.get(), batch, at));
    must(io::sync_file(file.get()));
  }
  std::printf("%.0f\n", static_cast<double>(points) / (now() - start));
}

void ingest(const std::string& folder, std::size_t points, int callers) {
  const auto store = must(MetricStore::open(folder));
  const auto batch = Loop(20).next(kBatch);
  const auto each = points / kBatch / static_cast<std::size_t>(callers);
  const auto took = together(callers, [&](int caller) {
    const RunId run("run-" + std::to_string(caller));
    for (std::size_t i = 0; i < each; ++i) must(store->sync(must(store->append_points(run, batch))));
  });
  for (int caller = 0; caller < callers; ++caller) {
    if (must(store->count(RunId("run-" + std::to_string(caller)))) != each * kBatch) std::abort();
  }
  std::printf("%.0f\n", static_cast<double>(each * kBatch * static_cast<std::size_t>(callers)) / took);
}

void small(const std::string& folder, std::size_t calls, int callers) {
  const auto store = must(MetricStore::open(folder));
  const auto each = calls / static_cast<std::size_t>(callers);
  const auto took = together(callers, [&](int caller) {
    const RunId run("run-" + std::to_string(caller));
    const auto batch = Loop(11).next(11);
    for (std::size_t i = 0; i < each; ++i) must(store->sync(must(store->append_points(run, batch))));
  });
  std::printf("%.0f\n", static_cast<double>(each) * callers / took);
}

/// One run with so many points, folded by and by.
RunId fill(MetricStore& store, std::size_t points, int keys, bool with_own_times = true) {
  const RunId run("filled");
  Loop loop(keys, 1, with_own_times);
  for (std::size_t i = 0; i < points; i += kBatch) must(store.append_points(run, loop.next(std::min(kBatch, points - i))));
  must(store.fold());
  return run;
}

void size(const std::string& folder, std::size_t points, bool with_own_times) {
  const auto store = must(MetricStore::open(folder));
  fill(*store, points, 20, with_own_times);
  std::printf("%.3f\n", static_cast<double>(bytes_below(folder)) / static_cast<double>(points));
}

/// Files leave the page cache, so that the figure is that of the disk.
void forget_pages(const std::string& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const auto file = must(io::open_file(entry.path().string(), O_RDONLY));
    (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

void draw(const std::string& folder, std::size_t points) {
  RunId run;
  {
    const auto store = must(MetricStore::open(folder));
    run = fill(*store, points, 1);
  }
  forget_pages(folder);
  const auto store = must(MetricStore::open(folder));
  const auto start = now();
  const auto drawing = must(store->draw(run, "train/loss_0", 1000, {}));
  std::printf("%.2f\n", (now() - start) * 1e3);
  if (drawing.count != points || drawing.buckets.size() > 1000 || drawing.buckets.size() < 400) std::abort();
}

void history(const std::string& folder, std::size_t points) {
  const auto store = must(MetricStore::open(folder));
  const auto run = fill(*store, points, 1);
  const auto start = now();
  const auto found = must(store->history(run, "train/loss_0", 0, points));
  std::printf("%.2f\n", (now() - start) * 1e3);
  if (found.size() != points) std::abort();
}

void runs(const std::string& folder, std::size_t count) {
  const auto store = must(MetricStore::open(folder));
  const auto name = [](std::size_t i) { return RunId("experiment_1700000000_" + std::to_string(10'000'000 + i)); };
  for (std::size_t i = 0; i < count; ++i) must(store->append_points(name(i), Loop(2, static_cast<unsigned>(i)).next(10)));
  must(store->fold());
  std::printf("%.1f\n", static_cast<double>(bytes_below(folder)) / static_cast<double>(count));
  const auto start = now();
  for (std::size_t i = 0; i < 1000; ++i) {
    if (must(store->latest(name(i * (count / 1000)))).size() != 2) std::abort();
  }
  std::printf("%.1f\n", (now() - start) * 1e3);
}

int run(int count, char** arguments) {
  if (count < 4) return 2;
  const std::string what = arguments[1], folder = arguments[2];
  const auto number = static_cast<std::size_t>(std::atoll(arguments[3]));
  const int callers = count > 4 ? std::atoi(arguments[4]) : 1;
  const std::map<std::string, std::function<void()>> modes = {
      {"floor", [&] { floor_of(folder, number); }},       {"ingest", [&] { ingest(folder, number, callers); }},
      {"small", [&] { small(folder, number, callers); }}, {"size", [&] { size(folder, number, false); }},
      {"calls", [&] { size(folder, number, true); }},     {"draw", [&] { draw(folder, number); }},
      {"history", [&] { history(folder, number); }},      {"runs", [&] { runs(folder, number); }}};
  const auto mode = modes.find(what);
  if (mode == modes.end()) return 2;
  mode->second();
  return 0;
}

}  // namespace
}  // namespace stoker::metrics

int main(int count, char** arguments) { return stoker::metrics::run(count, arguments); }
