#pragma once
// A run's file of blocks (FORMAT.md): where its blocks lie and what they say of the run. A FoldedRun never changes once it was read;
// a fold makes another. The same bytes lie in the table of small runs.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.hpp"
#include "metrics/block_reader.hpp"

namespace stoker::metrics {

/// Bytes of a file or in memory.
class RunBytes {
 public:
  RunBytes() = default;
  explicit RunBytes(io::Fd file) : file_(std::make_shared<io::Fd>(std::move(file))) {}
  explicit RunBytes(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  Result<std::string> read(std::uint64_t offset, std::size_t size) const;
  Result<std::uint64_t> size() const;

 private:
  std::shared_ptr<const io::Fd> file_;
  std::shared_ptr<const std::string> bytes_;
};

struct BlockPlace {
  std::uint64_t offset = 0;  // of the front
  std::uint64_t size = 0;
  std::uint64_t body = 0;  // offset
  std::uint64_t first_index = 0;
  std::uint32_t points = 0;
  std::uint32_t known = 0;  // shapes before it
};

struct FoldedRun {
  std::uint64_t size = 0;  // up to the end of the last whole fold
  std::uint64_t points = 0;
  std::vector<BlockPlace> blocks;
  Dictionary shapes;
  RunState state;
  bool is_small = false;  // in the table of small runs
};

/// Follows the fronts up to the last fold that is whole. `bytes` begins with a header of this version.
Result<std::shared_ptr<const FoldedRun>> read_folded(const RunBytes& bytes);
/// The front of a block.
Result<BlockFront> read_front(const RunBytes& bytes, const BlockPlace& place);
BlockReader::Fetch fetch_from(const RunBytes& bytes, const BlockPlace& place);

}  // namespace stoker::metrics
