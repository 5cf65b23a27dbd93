#pragma once
// A large file as an object: the digests of its 4 MiB chunks, in order (FORMAT.md). A tree over kMaxObject is kept the same way.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "snapshots/object.hpp"

namespace stoker::snapshots {

struct ChunkList {
  std::uint64_t size = 0;      // of the whole
  std::vector<Digest> chunks;  // each kChunk bytes, the last one what remains
  std::uint64_t chunk_size(std::size_t index) const { return index + 1 < chunks.size() ? kChunk : size - index * kChunk; }
};

inline std::size_t chunk_count(std::uint64_t size) { return static_cast<std::size_t>((size + kChunk - 1) / kChunk); }
std::string encode_chunk_list(std::uint64_t size, std::span<const Digest> chunks);
/// kInvalidInput unless it is a list of something over kMaxObject with the right number of chunks.
Result<ChunkList> parse_chunk_list(std::string_view bytes);
bool is_chunk_list(std::string_view bytes);

}  // namespace stoker::snapshots
