#pragma once
// A run's points as they were at one moment, to be read outside of any lock: first those of the file, then the records that are not folded yet.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metrics/record.hpp"
#include "metrics/run_file.hpp"
#include "metrics/segment.hpp"

namespace stoker::metrics {

/// A record in memory.
struct Record {
  Position position = 0;  // 0: of an old file
  std::uint64_t first_index = 0;
  std::uint64_t count = 0;
  std::string payload;
};

/// A point on its way to who asked; `raw` may be moved from. Shapes are numbered in order of occurrence over what is visited.
struct Visited {
  std::uint64_t index = 0;
  const Shape& shape;
  std::uint32_t number = 0;
  const Context& context;
  RawPoint& raw;
};

class RunView {
 public:
  using Wants = std::function<bool(const Shape&)>;
  /// False ends the visit.
  using Take = std::function<bool(const Visited&)>;

  std::shared_ptr<const FoldedRun> folded;  // null: nothing is
  RunBytes bytes;                           // of the folded ones
  std::vector<std::shared_ptr<const Record>> records;

  /// Every wanted point from `from_index` on, in order of logging.
  Status visit(std::uint64_t from_index, const Wants& wants, const Take& take) const;
  /// The parts of it. Shapes are numbered anew in each.
  Status visit_block(const BlockPlace& place, const BlockFront& front, const Wants& wants, const Take& take) const;
  Status visit_records(const Wants& wants, const Take& take) const;
};

/// The front of a block, whose series are all among the shapes of the view.
Result<BlockFront> read_front(const RunView& view, const BlockPlace& place);

}  // namespace stoker::metrics
