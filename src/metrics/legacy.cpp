#include "metrics/legacy.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "metrics/record.hpp"

namespace stoker::metrics {
namespace {

constexpr std::size_t kBlockHeaderSize = 8;

struct BlockInfo {
  std::uint64_t attempt = 0, last_seq = 0, count = 0, rest = 0;
  std::string writer;
};

/// Follows the blocks of a file; shapes are known from block to block.
class LegacyReader {
 public:
  bool read(std::string_view payload, BlockInfo& info, std::vector<MetricPoint>& points) {
    Cursor cursor(payload);
    if (!read_head(cursor, info)) return false;
    time_ = step_ = 0;
    points.resize(info.count);
    return std::ranges::all_of(points, [&](MetricPoint& point) { return read_point(cursor, point); });
  }

 private:
  bool read_head(Cursor& cursor, BlockInfo& info) {
    std::uint64_t added = 0;
    if (!cursor.number(info.attempt) || !cursor.number(info.last_seq) || !cursor.number(info.count) || !cursor.number(added)) return false;
    if (info.attempt == 0 && (!cursor.text(info.writer) || !cursor.number(info.rest))) return false;
    for (; added > 0; --added) {
      if (!read_shape(cursor, shapes_.emplace_back())) return false;
    }
    return info.count <= cursor.rest().size();
  }
  bool read_point(Cursor& cursor, MetricPoint& point) {
    std::uint64_t shape = 0, difference = 0, count = 0;
    std::uint8_t flags = 0;
    if (!cursor.number(shape) || shape >= shapes_.size() || !cursor.byte(flags) || !cursor.sign_folded(difference)) return false;
    point.name = shapes_[shape].name;
    point.kind = shapes_[shape].kind;
    point.columns = shapes_[shape].columns;
    time_ += difference;
    point.time = from_micros(static_cast<std::int64_t>(time_));
    if ((flags & 1) != 0) {
      if (!cursor.sign_folded(difference)) return false;
      step_ += difference;
      point.step = static_cast<std::int64_t>(step_);
    }
    if (!cursor.count(count)) return false;
    point.values.resize(count);
    return std::ranges::all_of(point.values, [&](MetricValue& value) {
      std::uint8_t is_text = 0;
      if ((flags & 2) != 0 && !cursor.byte(is_text)) return false;
      return is_text != 0 ? cursor.text(value.emplace<std::string>()) : cursor.real(value.emplace<double>());
    });
  }

  std::vector<Shape> shapes_;
  std::uint64_t time_ = 0, step_ = 0;
};

bool take_block(std::string_view& file, std::string_view& payload) {
  if (file.size() < kBlockHeaderSize) return false;
  const auto length = get_u32(file);
  if (length == 0 || file.size() - kBlockHeaderSize < length) return false;
  payload = file.substr(kBlockHeaderSize, length);
  if (crc32c(payload) != get_u32(file.substr(4))) return false;
  file.remove_prefix(kBlockHeaderSize + length);
  return true;
}

std::string to_record(std::string_view run, const BlockInfo& info, const std::vector<MetricPoint>& points) {
  RecordInfo record{.kind = info.attempt == 0 ? RecordInfo::Kind::kCall : RecordInfo::Kind::kJournal,
                    .run = std::string(run),
                    .attempt = info.attempt,
                    .last = info.last_seq,
                    .writer = info.writer};
  // Only the last block makes the call count as stored.
  if (info.attempt == 0 && info.rest > 0) record.kind = RecordInfo::Kind::kPlain;
  std::vector<const MetricPoint*> pointers;
  for (const auto& point : points) pointers.push_back(&point);
  std::string out;
  encode_record(record, pointers, out);
  return out;
}

}  // namespace

Result<std::uint32_t> file_version(std::string_view header) {
  if (header.size() < kFileHeaderSize || header.find_first_not_of('\0') == std::string_view::npos) return 0U;
  if (!header.starts_with(kFileMagic) || get_u32(header.substr(12)) != crc32c(header.substr(0, 12)))
    return Error(ErrorCode::kDataFormat, "the file is not one of metrics");
  return get_u32(header.substr(8));
}

std::vector<std::string> legacy_records(std::string_view run, std::string_view file) {
  file.remove_prefix(std::min(file.size(), kFileHeaderSize));
  LegacyReader reader;
  std::vector<std::string> records;
  std::size_t whole = 0;  // records before a call that has not ended yet
  std::string_view payload;
  while (take_block(file, payload)) {
    BlockInfo info;
    std::vector<MetricPoint> points;
    if (!reader.read(payload, info, points)) break;
    records.push_back(to_record(run, info, points));
    if (info.rest == 0) whole = records.size();
  }
  records.resize(whole);
  return records;
}

}  // namespace stoker::metrics
