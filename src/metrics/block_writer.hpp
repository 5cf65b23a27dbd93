#pragma once
// Gathers points in order of logging and writes them as a block of columns (FORMAT.md). Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/block_front.hpp"
#include "metrics/record.hpp"

namespace stoker::metrics {

class BlockWriter {
 public:
  /// `shapes`: those of the file; what is new to it goes into the next block.
  explicit BlockWriter(Dictionary& shapes) : shapes_(shapes), known_(shapes.size()) {}
  /// `shape`: a number of the file's shapes.
  void add(std::uint32_t shape, const RawPoint& point, const Context& context);
  bool is_full() const { return order_.size() >= kPointsPerBlock || value_bytes_ >= kMostValueBytes; }
  bool is_empty() const { return order_.empty() && known_ == shapes_.size(); }
  /// Appends what was added as a block; nothing when nothing was.
  void finish(std::string& out);
  /// After shapes were added without a block of this writer.
  void skip_known() { known_ = shapes_.size(); }

 private:
  static constexpr std::size_t kMostValueBytes = 8U << 20;
  /// The values of one series: numbers as long as all points have as many, else bytes.
  struct Slot {
    std::uint32_t shape = 0;
    std::uint32_t count = 0;
    Page::Type type = Page::Type::kReals;
    std::uint32_t per_point = 0;
    std::vector<std::uint64_t> bits;       // point after point; kWholes: the number, else the double's
    std::vector<std::uint64_t> are_whole;  // kNumbers
    std::string bytes;                     // kMixed
    std::vector<std::uint32_t> places;     // in the block
  };
  struct Body;
  Slot& slot_of(std::uint32_t shape);
  static void add_values(Slot& slot, const std::vector<MetricValue>& values);
  static bool add_numbers(Slot& slot, const std::vector<MetricValue>& values);
  static void make_mixed(Slot& slot);
  std::uint64_t summary_step(const Slot& slot, std::uint32_t index) const;
  void summarize(const Slot& slot, BlockSeries& series, Body& body) const;
  void put_points(const std::vector<std::uint32_t>& ranks, Body& body) const;
  void put_pages(const std::vector<const Slot*>& slots, Body& body) const;
  void clear();

  Dictionary& shapes_;
  std::uint32_t known_;
  std::vector<std::uint32_t> slot_by_shape_;  // one more than the slot; 0: none yet
  std::vector<Slot> slots_;
  std::vector<Context> contexts_;
  std::vector<std::uint64_t> order_, flags_, times_, steps_, context_numbers_;  // steps_: 0 without one
  std::size_t value_bytes_ = 0;
};

}  // namespace stoker::metrics
