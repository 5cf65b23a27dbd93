#include "snapshots/chunk_list.hpp"

#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kMagic = "STKLIST1";
constexpr std::size_t kHeader = 20;  // magic, u64 size, u32 chunk size

}  // namespace

std::string encode_chunk_list(std::uint64_t size, std::span<const Digest> chunks) {
  std::string list(kMagic);
  list.reserve(kHeader + chunks.size() * sizeof(Digest));
  put(list, size);
  put(list, static_cast<std::uint32_t>(kChunk));
  for (const Digest& chunk : chunks) put(list, chunk);
  return list;
}

bool is_chunk_list(std::string_view bytes) { return bytes.starts_with(kMagic); }

Result<ChunkList> parse_chunk_list(std::string_view bytes) {
  const auto malformed = [] { return Error(ErrorCode::kInvalidInput, "malformed list of chunks"); };
  if (bytes.size() < kHeader || !is_chunk_list(bytes)) return malformed();
  ChunkList list;
  list.size = take<std::uint64_t>(bytes.data() + kMagic.size());
  if (take<std::uint32_t>(bytes.data() + kMagic.size() + 8) != kChunk) return malformed();
  if (list.size <= kMaxObject || list.size > kMaxFile) return malformed();
  if (bytes.size() != kHeader + chunk_count(list.size) * sizeof(Digest)) return malformed();
  list.chunks.resize(chunk_count(list.size));
  std::memcpy(list.chunks.data(), bytes.data() + kHeader, list.chunks.size() * sizeof(Digest));
  return list;
}

}  // namespace stoker::snapshots
