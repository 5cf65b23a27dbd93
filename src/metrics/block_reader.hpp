#pragma once
// The points of a block, in order of logging; of series that nobody wants not even the bytes are read. Reading the bytes is passed in.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "metrics/block_front.hpp"
#include "metrics/record.hpp"

namespace stoker::metrics {

class BlockReader {
 public:
  /// Bytes of the body.
  using Fetch = std::function<Result<std::string>(const Section&)>;
  /// `shape` wanted?
  using Wants = std::function<bool(std::uint32_t shape)>;

  enum class Checksums : std::uint8_t { kCompared, kIgnored };

  BlockReader(const BlockFront& front, Fetch fetch, Checksums checksums = Checksums::kCompared)
      : front_(front), fetch_(std::move(fetch)), checksums_(checksums) {}
  /// kDataFormat for damaged bytes.
  Status begin(const Wants& wants);
  /// The next point that is wanted, with its place in the block; false at the end.
  bool next(RawPoint& point, std::uint32_t& place);

 private:
  struct Source {
    bool is_wanted = false;
    std::uint32_t page = 0;
    std::uint64_t first = 0;  // of its values in the page
    std::uint32_t next = 0;   // point
    std::uint64_t step = 0;   // of the point before
    bool has_step = false;
  };
  struct PageValues {
    std::vector<std::uint64_t> bits, are_whole;
    std::string bytes;
    Cursor cursor;
  };
  template <class Decode>
  Status decode(const Section& section, Decode decode);
  Status read_columns();
  Status read_page(std::size_t number, std::uint64_t values);
  bool read_values(Source& source, const BlockSeries& series, std::vector<MetricValue>& values);

  const BlockFront& front_;
  const Fetch fetch_;
  const Checksums checksums_;
  std::vector<Source> sources_;
  std::vector<PageValues> pages_;
  std::vector<std::uint64_t> order_, flags_, times_, steps_, context_numbers_;
  std::size_t place_ = 0, step_ = 0, context_ = 0;
  std::uint64_t step_before_ = 0;
};

/// The section, its checksum compared.
Result<std::string> fetch_checked(const BlockReader::Fetch& fetch, const Section& section);

}  // namespace stoker::metrics
