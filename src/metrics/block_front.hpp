#pragma once
// What stands before the columns of a block (FORMAT.md): what the block adds to the run's state, which series have points in it, how many, and
// where each column lies. Enough for counts, the latest values and a drawing from afar, without touching the points. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "metrics/shape.hpp"

namespace stoker::metrics {

inline constexpr std::uint32_t kFileVersion = 3;
inline constexpr std::size_t kFrontHeaderSize = 8;  // length of the front, checksum
inline constexpr std::size_t kLongestFront = 64U << 20;
inline constexpr std::uint32_t kPointsPerBlock = 131'072;

std::string encode_file_header();

/// Bytes of the body that belong together.
struct Section {
  std::uint64_t offset = 0;  // from the start of the body
  std::uint64_t size = 0;
  std::uint32_t checksum = 0;
};

/// The greatest by (step, time, value) of a series in the block, of its numbers with a step; and the last without one.
struct BlockLatest {
  double value = 0;
  std::int64_t step = 0;  // without a step: the place in the series within the block
  std::int64_t time = 0;
};

struct BlockSeries {
  std::uint32_t shape = 0;
  std::uint32_t count = 0;
  std::optional<BlockLatest> stepped, unstepped;  // only of scalars in blocks that have summaries
  std::optional<Section> levels;
};

/// The values of series that follow each other: of reals and of wholes those of one series after the other, of each first all first values. Numbers
/// (some whole, some not) and mixed ones (texts, lists of any length) have a page for each series.
struct Page {
  enum class Type : std::uint8_t { kReals = 0, kWholes = 1, kNumbers = 2, kMixed = 3 };
  std::uint32_t series = 0;  // how many
  Type type = Type::kReals;
  std::uint32_t per_point = 1;  // values of each point, where they are numbers
  Section section;
};

/// What was stored of whom.
struct RunState {
  std::uint64_t attempt = 0;
  std::uint64_t last_seq = 0;
  std::map<std::string, std::uint64_t> calls;  // by writer, the last one
  std::uint64_t folded = 0;                    // position in the log up to which the records are in the file
};

struct BlockFront {
  std::uint32_t points = 0;
  bool is_last = false;  // of a fold; only then the fold counts, and `state` is given
  bool has_summaries = false;
  RunState state;
  std::vector<Shape> new_shapes;
  std::vector<Context> contexts;
  std::vector<BlockSeries> series;  // by shape, rising
  std::vector<Page> pages;
  Section order, flags, times, steps, context_numbers;
  std::uint64_t body_size = 0;
};

/// Appends the front with its header.
void encode_front(const BlockFront& front, std::string& out);
/// `known`: how many shapes the file has before this block. False for damaged bytes.
bool decode_front(std::string_view payload, std::uint64_t known, BlockFront& front);

/// What of the file's bytes from a block's start on is the front's payload; nullopt: damaged or not whole. `needed`: so many bytes it takes.
std::optional<std::string_view> find_front(std::string_view bytes, std::size_t& needed);

}  // namespace stoker::metrics
