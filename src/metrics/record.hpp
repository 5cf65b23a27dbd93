#pragma once
// What one call adds to one run, as bytes: the records of the log (FORMAT.md). A record stands for itself: shapes and contexts are
// defined where they first occur in it. Pure: no file is touched here.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/metric.hpp"
#include "metrics/shape.hpp"

namespace stoker::metrics {

inline constexpr std::uint32_t kNoContext = UINT32_MAX;

/// A point as it lies in a record or a block.
struct RawPoint {
  std::uint32_t shape = 0;
  std::uint32_t context = kNoContext;
  std::optional<std::int64_t> step;
  std::int64_t time = 0;  // microseconds since 1970
  bool is_identified = false;
  std::vector<MetricValue> values;
};

/// Appends the values with their number, tagged where some are not doubles; reads them back.
void put_values(std::string& out, const std::vector<MetricValue>& values);
bool read_values(Cursor& cursor, std::vector<MetricValue>& values);

struct RecordInfo {
  enum class Kind : std::uint8_t { kJournal = 0, kCall = 1, kPlain = 2, kRemoved = 3 };
  Kind kind = Kind::kPlain;
  std::string run;
  std::uint64_t attempt = 0;  // kJournal
  std::uint64_t last = 0;     // kJournal: number of the last record of the journal; kCall: number of the call
  std::string writer = {};    // kCall
  std::uint64_t count = 0;    // of points
};

/// Appends a record; `info.count` is taken from the points.
void encode_record(const RecordInfo& info, std::span<const MetricPoint* const> points, std::string& out);

/// First the info, then point by point.
class RecordReader {
 public:
  explicit RecordReader(std::string_view payload) : cursor_(payload) {}
  /// False for damaged bytes.
  bool begin(RecordInfo& info);
  bool next(RawPoint& point);
  /// What the points read so far have named.
  const std::vector<Shape>& shapes() const { return shapes_; }
  const std::vector<Context>& contexts() const { return contexts_; }

 private:
  bool next_shape(RawPoint& point);
  bool next_context(RawPoint& point);

  Cursor cursor_;
  std::vector<Shape> shapes_;
  std::vector<Context> contexts_;
  std::uint64_t time_ = 0;  // of the point before; two's complement, so that differences wrap
  std::uint64_t step_ = 0;
};

}  // namespace stoker::metrics
