#pragma once
// The metrics of every run (FORMAT.md). Used by the server only, from many threads of the pool. What is appended goes to a log that all runs
// share, is read from memory at once, and moves in the background into files of compressed columns. Points come from the journal of an
// attempt, in calls of a writer that numbers them (a notebook), or as points of MLflow. Each numbered record carries whose it is and its
// number, so that after any crash what is sent again is dropped by its number, never by its value.
// NaN, the infinities, texts and whole numbers are kept as they are. It forgets nothing.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "domain/ids.hpp"
#include "domain/metric.hpp"

namespace stoker::metrics {

/// One logged value with its place: `index` counts all points of the run, from 0, in order of logging.
struct Point {
  std::uint64_t index = 0;
  std::optional<std::int64_t> step;
  Time time;
  /// One value (scalar, image), the list's values, or one value per column.
  std::vector<MetricValue> values;
};

/// All points logged under one name with one kind and one set of columns. A name that was logged in two shapes is two series.
struct Series {
  std::string name;
  MetricKind kind = MetricKind::kScalar;
  std::vector<std::string> columns;
  std::vector<Point> points;  // the first `max_points`
  std::uint64_t count = 0;    // how many there are
};

/// A point and its journal number.
using NumberedPoint = std::pair<std::uint64_t, MetricPoint>;

/// How far something was appended. The greater of two covers both; a new one is nothing to wait for.
struct Mark {
  std::uint64_t position = 0;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

/// The latest value of a scalar: of the point with the greatest (step, time, value), where NaN counts as 0 (mlflow-rest 8.7). A point
/// without a step has step 0 when it is MLflow's, else its index in the series, so that v1's latest is what was logged last.
struct Latest {
  std::string name;
  double value = 0;  // NaN and the infinities as they are
  std::int64_t step = 0;
  Time time;
};

struct HistoryPoint {
  double value = 0;
  std::int64_t step = 0;  // as in Latest
  Time time;
  std::string model_id, dataset_name, dataset_digest;
};

/// What of a series is drawn: both ends count.
struct DrawRange {
  enum class By : std::uint8_t { kIndex, kStep };
  By by = By::kIndex;  // place in the series, from 0
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
};

struct Drawn {
  double value = 0;
  std::int64_t step = 0;  // as in Latest
  Time time;
};

/// Points that follow each other. Where all are NaN, so are the four values.
struct Bucket {
  std::uint64_t count = 0, nan_count = 0;
  Drawn first, last;  // of all
  Drawn min, max;     // of those that are numbers
};

struct Drawing {
  std::uint64_t count = 0;  // of the points in the range
  std::vector<Bucket> buckets;
};

/// Safe from any thread; calls for different runs do not wait for each other. Every function blocks.
class MetricStore {
 public:
  struct Options {
    std::size_t max_open = 128;    // so many runs without recent points are kept known
    bool waits_for_index = false;  // whether unindexed() is asked; the log then keeps what it has not given to indexed()
    /// How much may lie in memory before it is moved into the files, in bytes.
    std::size_t budget = 16U << 20;
  };
  /// Creates the folder.
  static Result<std::unique_ptr<MetricStore>> open(std::string directory, Options options);
  static Result<std::unique_ptr<MetricStore>> open(std::string directory) { return open(std::move(directory), Options{}); }
  ~MetricStore();

  /// Readers see the points at once; durable only after `sync`. Points whose number is not above the last one of this attempt,
  /// and attempts older than the newest, are dropped. Numbers rise within a call; gaps are fine (other records lie between).
  Result<Mark> append(const RunId& run, int attempt, std::span<const NumberedPoint> points);
  /// A call with points from outside of any journal, whole or not at all. The number of a writer's calls rises by one from 1; one that was
  /// stored before changes nothing. kConflict: a call is missing in between.
  Result<Mark> append_call(const RunId& run, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points);
  /// In no numbered call, whole or not at all.
  Result<Mark> append_points(const RunId& run, std::span<const MetricPoint> points);
  /// The writer's last call; 0: none.
  Result<std::uint64_t> last_call(const RunId& run, const std::string& writer);
  /// Makes durable what was appended up to the mark; callers share the disk's work. After an error what it covers counts as never
  /// appended unless it was durable before: append again.
  Status sync(Mark upto);

  /// Series in order of their first point; with `name` only those of that name. Unknown run or name: none.
  Result<std::vector<Series>> read(const RunId& run, const std::optional<std::string>& name, std::size_t max_points);
  /// Points `from_index`, `from_index + 1` … in order of logging, at most `limit`.
  Result<std::vector<MetricPoint>> tail(const RunId& run, std::uint64_t from_index, std::size_t limit);
  Result<std::uint64_t> count(const RunId& run);

  /// The latest of each scalar, in order of their first point; texts have none.
  Result<std::vector<Latest>> latest(const RunId& run);
  /// A scalar ordered by (time, step, value), NaN as 0; MLflow's points once each. From `offset` on, at most `limit`.
  Result<std::vector<HistoryPoint>> history(const RunId& run, const std::string& name, std::size_t offset, std::size_t limit);
  /// The steps of a scalar, sorted, each once.
  Result<std::vector<std::int64_t>> steps(const RunId& run, const std::string& name);
  /// The points at these steps, ordered by (step, time, value), at most `limit`.
  Result<std::vector<HistoryPoint>> points_at(const RunId& run, const std::string& name, std::span<const std::int64_t> sorted_steps,
                                              std::size_t limit);
  /// A scalar in at most `buckets` pieces that follow each other; no extremum is lost, whatever the number of points.
  Result<Drawing> draw(const RunId& run, const std::string& name, std::size_t buckets, const DrawRange& range);

  /// Runs whose latest() may have changed since they were given to `indexed`, at most `limit`; after opening, every run that the log names.
  std::vector<RunId> unindexed(std::size_t limit);
  /// What unindexed() handed out last of these; a run that changed after that stays unindexed. For one thread at a time.
  void indexed(std::span<const RunId> runs);

  /// Moves all that is durable into the files now, as the background does by and by.
  Status fold();
  /// Ok when there is nothing. Durable.
  Status remove(const RunId& run);

 private:
  class Impl;
  explicit MetricStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::metrics
