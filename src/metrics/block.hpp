#pragma once
// Blocks of metric points as bytes (FORMAT.md). Pure: no file is touched here. A block is self-checking, and the shapes that it names
// first are defined in it, so a file is read from its start to its last good block.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "domain/metric.hpp"

namespace stoker::metrics {

inline constexpr std::size_t kHeaderSize = 16;      // of the file
inline constexpr std::size_t kBlockHeaderSize = 8;  // payload length, checksum
inline constexpr std::size_t kLongestBlock = 64U << 20;
inline constexpr std::uint32_t kVersion = 2;

std::string encode_header();
/// The version. kDataFormat for a newer one or another file.
Result<std::uint32_t> check_header(std::string_view bytes);

/// What the points of one series share.
struct Shape {
  std::string name;
  MetricKind kind = MetricKind::kScalar;
  std::vector<std::string> columns;
};

/// Shapes by number, in order of their first point in the file.
class Dictionary {
 public:
  std::uint64_t size() const { return shapes_.size(); }
  const Shape& at(std::uint64_t number) const { return shapes_[number]; }
  std::optional<std::uint64_t> find(const MetricPoint& point) const;
  void add(Shape shape);
  /// Forgets all but the first `size`.
  void cut(std::uint64_t size);

 private:
  std::vector<Shape> shapes_;
  std::unordered_map<std::string, std::uint64_t> numbers_;
};

/// What stands before the points of a block.
struct BlockInfo {
  std::uint64_t attempt = 0;   // 0: not from a journal, but a call of `writer`
  std::uint64_t last_seq = 0;  // of a call: its sequence number
  std::uint64_t count = 0;
  std::string writer = {};  // of a call
  std::uint64_t rest = 0;   // of a call: so many blocks of it follow
};

/// Appends one whole block; shapes seen for the first time are added to `shapes`.
void encode_block(const BlockInfo& info, std::span<const MetricPoint* const> points, Dictionary& shapes, std::string& out);

/// One block at the start of `bytes`, checksum compared.
struct FoundBlock {
  std::string_view payload;
  std::size_t size = 0;  // with its header
};
enum class Found { kBlock, kIncomplete, kDamaged };
Found find_block(std::string_view bytes, FoundBlock& block);

/// A point as it lies in a block.
struct RawPoint {
  std::uint64_t shape = 0;
  std::optional<std::int64_t> step;
  Time time;
  std::vector<MetricValue> values;
};

/// Reads a payload: first the info and the new shapes, then point by point.
class BlockReader {
 public:
  explicit BlockReader(std::string_view payload) : rest_(payload) {}
  /// False for a damaged payload. Adds the shapes that the block defines.
  bool begin(BlockInfo& info, Dictionary& shapes);
  /// For a block whose shapes are known already; all together there are `shapes` of them.
  bool begin(BlockInfo& info, std::uint64_t shapes);
  /// False for a damaged payload. `wanted(shape)` false skips the values (they stay empty).
  template <class Wanted>
  bool next(RawPoint& point, Wanted wanted) {
    return next_head(point) && read_values(wanted(point.shape) ? &point.values : nullptr);
  }
  bool next(RawPoint& point) {
    return next(point, [](std::uint64_t) { return true; });
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  bool next_head(RawPoint& point);
  bool read_values(std::vector<MetricValue>* values);
  bool read_head(BlockInfo& info, Dictionary* shapes);
  bool read_shape(Shape& shape);
  bool number(std::uint64_t& value);
  bool text(std::string& value);
  bool real(double& value);
  bool byte(std::uint8_t& value);

  std::string_view rest_;
  std::uint64_t shapes_ = 0;
  std::uint64_t time_ = 0;  // the point before; two's complement, so that differences wrap
  std::uint64_t step_ = 0;
  std::uint8_t flags_ = 0;
};

}  // namespace stoker::metrics
