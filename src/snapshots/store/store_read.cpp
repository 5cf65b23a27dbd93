// Reading from a store: where an object lies, its frame, its bytes, always hashed again.

#include <fcntl.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "snapshots/chunk_list.hpp"
#include "snapshots/store/store_impl.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kOpenFiles = 64;
constexpr std::size_t kMaxRead = 16U << 20;

std::uint64_t key_of(const Location& location) { return (std::uint64_t{location.pack} << 32) | location.frame_offset; }

Error corrupt(std::string what) {
  return Error(ErrorCode::kSnapshotCorrupt, std::move(what)).hint("submit from the source folder again: what is damaged is stored anew");
}

}  // namespace

SharedFrame FrameCache::find(const Location& location) {
  const std::lock_guard lock(mutex_);
  const auto item = std::find_if(items_.begin(), items_.end(), [key = key_of(location)](const Item& each) { return each.key == key; });
  if (item == items_.end()) return nullptr;
  items_.splice(items_.begin(), items_, item);
  return item->raw;
}

void FrameCache::add(const Location& location, SharedFrame raw) {
  const std::lock_guard lock(mutex_);
  if (raw->size() > capacity_) return;
  held_ += raw->size();
  items_.push_front({key_of(location), std::move(raw)});
  while (held_ > capacity_) {
    held_ -= items_.back().raw->size();
    items_.pop_back();
  }
}

std::optional<Location> ObjectStore::Impl::locate(const Digest& digest) const {
  const std::shared_lock lock(state_);
  if (!damaged_.empty() && damaged_.contains(digest)) return std::nullopt;
  if (open_pack_) {
    if (const auto found = open_pack_->table->find(digest); found != open_pack_->table->end()) return found->second;
  }
  for (auto sealed = sealed_.rbegin(); sealed != sealed_.rend(); ++sealed) {
    if (const auto found = sealed->table->find(digest); found != sealed->table->end()) return found->second;
  }
  for (auto index = indexes_.rbegin(); index != indexes_.rend(); ++index) {
    if (const auto found = (*index)->find(digest)) return found;
  }
  return std::nullopt;
}

Result<std::shared_ptr<io::Fd>> ObjectStore::Impl::pack_fd(std::uint32_t number) {
  const std::lock_guard lock(fds_mutex_);
  if (const auto found = fds_.find(number); found != fds_.end()) return found->second;
  TRY(io::Fd opened, io::open_file(packs_directory + "/" + pack_name(number), O_RDONLY));
  if (fds_.size() >= kOpenFiles) fds_.erase(fds_.begin());
  return fds_[number] = std::make_shared<io::Fd>(std::move(opened));
}

Result<SharedFrame> ObjectStore::Impl::raw_frame(const Location& location, FrameCache& cache) {
  if (auto cached = cache.find(location)) return cached;
  TRY(const auto fd, pack_fd(location.pack));
  TRY(const EncodedFrame frame, read_frame(fd->get(), location.frame_offset));
  auto raw = std::make_shared<std::string>();
  const std::string_view stored = std::string_view(frame.bytes).substr(kFrameHeaderSize + frame.header.table_size());
  if (!decompress_frame(frame.header, stored, *raw)) return corrupt("the snapshot store is damaged: a frame does not decompress");
  cache.add(location, raw);
  return SharedFrame(std::move(raw));
}

Result<std::string> ObjectStore::Impl::get(const Digest& digest, FrameCache& cache) {
  const auto location = locate(digest);
  if (!location) return Error(ErrorCode::kNotFound, fmt::format("the snapshot store has no object {}", digest.hex()));
  auto raw = raw_frame(*location, cache);
  if (!raw) {
    if (raw.error().code() == ErrorCode::kSnapshotCorrupt) mark_damaged(digest);
    return std::move(raw).error().at(fmt::format("while reading object {}", digest.hex()));
  }
  std::string bytes;
  if (std::uint64_t{location->raw_offset} + location->size() <= (*raw)->size()) bytes = (*raw)->substr(location->raw_offset, location->size());
  if (sha256(bytes) == digest) return bytes;
  mark_damaged(digest);
  return corrupt(fmt::format("the snapshot store is damaged: object {} is not what was written", digest.hex()));
}

void ObjectStore::Impl::mark_damaged(const Digest& digest) {
  log::error("snapshots", "a damaged object was found", {{"object", digest.hex()}});
  {
    const std::unique_lock lock(state_);
    damaged_.insert(digest);
  }
  const std::lock_guard lock(closed_mutex_);
  closed_.clear();
}

Result<std::string> ObjectStore::Impl::get_tree(const Digest& digest, FrameCache& cache) {
  TRY(std::string bytes, get(digest, cache));
  if (!is_chunk_list(bytes)) return bytes;
  TRY(const ChunkList list, parse_chunk_list(bytes));
  if (list.size > kMaxTree) return Error(ErrorCode::kInvalidInput, "malformed tree: too large");
  std::string whole;
  for (std::size_t i = 0; i < list.chunks.size(); ++i) {
    TRY(const std::string chunk, get(list.chunks[i], cache));
    if (chunk.size() != list.chunk_size(i)) return Error(ErrorCode::kInvalidInput, "malformed tree: a chunk of the wrong size");
    whole += chunk;
  }
  return whole;
}

std::vector<Digest> ObjectStore::missing(std::span<const Digest> digests) const {
  std::vector<Digest> absent;
  for (const Digest& digest : digests) {
    if (!impl_->locate(digest)) absent.push_back(digest);
  }
  return absent;
}

Result<std::string> ObjectStore::get(const Digest& digest) { return impl_->get(digest, impl_->cache_); }

Result<std::string> ObjectStore::read_file(const FileRef& file, std::uint64_t offset, std::size_t limit) {
  if (offset >= file.size) return std::string();
  const std::uint64_t wanted = std::min<std::uint64_t>({limit, kMaxRead, file.size - offset});
  TRY(std::string bytes, get(file.object));
  if (!file.is_chunked()) {
    if (bytes.size() != file.size) return corrupt("a stored file has another size than recorded");
    return bytes.substr(offset, wanted);
  }
  TRY(const ChunkList list, parse_chunk_list(bytes));
  if (list.size != file.size) return corrupt("a stored file has another size than recorded");
  std::string part;
  while (part.size() < wanted) {
    const std::uint64_t at = offset + part.size();
    TRY(const std::string chunk, get(list.chunks[at / kChunk]));
    if (chunk.size() != list.chunk_size(at / kChunk)) return corrupt("a stored file has a chunk of the wrong size");
    part.append(chunk, at % kChunk, wanted - part.size());
  }
  return part;
}

}  // namespace stoker::snapshots
