#pragma once
// The metrics of every run: one append-only file per run of checksummed blocks (FORMAT.md). Used by the server only, from many
// threads of the pool. Points come from the journal of an attempt, or in calls of a writer that numbers them (a notebook). Each block carries
// whose it is and the last number in it, so that what was written is known from the file alone: after any crash what is sent again is dropped
// by its number, never by its value.
// NaN, the infinities and texts are kept as they are. It aggregates nothing and forgets nothing.

#include <cstdint>
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

/// Safe from any thread; calls for different runs do not wait for each other. Every function blocks.
class MetricStore {
 public:
  /// Creates the folder. At most `max_open` runs have an open descriptor, the least recently used are closed.
  static Result<std::unique_ptr<MetricStore>> open(std::string directory, std::size_t max_open = 128);
  ~MetricStore();

  /// Readers see the points at once; durable only after `sync`. Points whose number is not above the last one of this attempt,
  /// and attempts older than the newest, are dropped. Numbers rise within a call; gaps are fine (other records lie between).
  Status append(const RunId& run, int attempt, std::span<const NumberedPoint> points);
  /// A call with points from outside of any journal, whole or not at all. The number of a writer's calls rises by one from 1; one that was
  /// stored before changes nothing. kConflict: a call is missing in between.
  Status append_call(const RunId& run, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points);
  /// The writer's last call; 0: none.
  Result<std::uint64_t> last_call(const RunId& run, const std::string& writer);
  /// Makes what was appended durable. After a failure the run is back at what was durable before: append again.
  Status sync(std::span<const RunId> runs);

  /// Series in order of their first point; with `name` only those of that name. Unknown run or name: none.
  Result<std::vector<Series>> read(const RunId& run, const std::optional<std::string>& name, std::size_t max_points);
  /// Points `from_index`, `from_index + 1` … in order of logging, at most `limit`.
  Result<std::vector<MetricPoint>> tail(const RunId& run, std::uint64_t from_index, std::size_t limit);
  Result<std::uint64_t> count(const RunId& run);
  /// Ok when there is nothing.
  Status remove(const RunId& run);

 private:
  class Impl;
  explicit MetricStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::metrics
