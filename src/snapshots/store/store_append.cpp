// Writing to a store: frames go to the end of the open pack; a full pack is sealed and indexed.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/log.hpp"
#include "snapshots/store/store_impl.hpp"

namespace stoker::snapshots {

bool ObjectStore::Impl::must_rotate() const {
  const std::shared_lock lock(state_);
  if (!open_pack_ || open_pack_->is_abandoned) return true;
  return open_pack_->end >= options.pack_bytes || open_pack_->table->size() >= options.pack_objects;
}

Status ObjectStore::Impl::append(const EncodedFrame& frame) {
  while (true) {
    if (must_rotate()) CHECK_OK(rotate());
    const std::lock_guard lock(appending_);
    if (must_rotate()) continue;
    const bool is_known =
        std::all_of(frame.objects.begin(), frame.objects.end(), [this](const FrameObject& object) { return locate(object.digest).has_value(); });
    return is_known ? ok() : write_locked(frame);
  }
}

Status ObjectStore::Impl::append_frames(std::string frames) {
  while (!frames.empty()) {
    TRY(const FrameHeader header, parse_frame_header(frames));
    const std::size_t size = kFrameHeaderSize + header.body_size();
    const bool is_last = size == frames.size();
    TRY(const EncodedFrame frame, parse_frame(is_last ? std::move(frames) : frames.substr(0, size)));
    CHECK_OK(append(frame));
    if (is_last) break;
    frames.erase(0, size);
  }
  return ok();
}

Status ObjectStore::Impl::write_locked(const EncodedFrame& frame) {
  const std::shared_ptr<io::Fd> fd = open_pack_->fd;
  const std::uint64_t at = open_pack_->end;
  if (Status written = io::write_all_at(fd->get(), frame.bytes, at); !written) {
    const bool is_cut = ::ftruncate(fd->get(), static_cast<off_t>(at)) == 0;
    const std::unique_lock lock(state_);
    open_pack_->is_abandoned = !is_cut;
    return std::move(written).error().at("while storing objects");
  }
  const std::unique_lock lock(state_);
  add_locations(*open_pack_->table, frame.objects, open_pack_->number, at);
  for (const FrameObject& object : frame.objects) damaged_.erase(object.digest);
  open_pack_->end = at + frame.bytes.size();
  return ok();
}

Status ObjectStore::Impl::sync() {
  std::uint32_t number = 0;
  std::uint64_t end = 0;
  {
    const std::shared_lock lock(state_);
    if (!open_pack_) return ok();
    number = open_pack_->number;
    end = open_pack_->end;
  }
  const std::lock_guard syncing(syncing_);
  if (synced_pack_ > number || (synced_pack_ == number && synced_end_ >= end)) return ok();
  std::shared_ptr<io::Fd> fd;
  {
    // More may have been written meanwhile: one sync serves all who wait.
    const std::shared_lock lock(state_);
    fd = open_pack_->fd;
    end = open_pack_->end;
  }
  if (Status synced = io::sync_file(fd->get()); !synced) {
    const std::lock_guard appending(appending_);
    forget_unsynced();
    return std::move(synced).error().at("while storing objects").retryable();
  }
  const std::unique_lock lock(state_);
  synced_pack_ = number;
  synced_end_ = end;
  return ok();
}

void ObjectStore::Impl::forget_unsynced() {
  const std::unique_lock lock(state_);
  ++epoch_;
  const std::uint64_t good = synced_pack_ == open_pack_->number ? synced_end_ : kPackHeaderSize;
  std::erase_if(*open_pack_->table, [good](const auto& item) { return item.second.frame_offset >= good; });
  open_pack_->end = good;
  open_pack_->is_abandoned = true;
  if (::ftruncate(open_pack_->fd->get(), static_cast<off_t>(good)) != 0) log::error("snapshots", "cannot cut a pack after a failed sync", {});
  log::error("snapshots", "a sync failed; uploads in progress will be refused", {{"pack", open_pack_->number}});
}

Status ObjectStore::Impl::rotate() {
  {
    const std::lock_guard syncing(syncing_);
    const std::lock_guard appending(appending_);
    if (!must_rotate()) return ok();
    const bool is_synced = !open_pack_ || (synced_pack_ == open_pack_->number && synced_end_ >= open_pack_->end);
    if (!is_synced) {
      if (Status synced = io::sync_file(open_pack_->fd->get()); !synced) {
        forget_unsynced();
        return std::move(synced).error().at("while storing objects").retryable();
      }
    }
    CHECK_OK(start_pack(last_pack_ + 1));
  }
  index_sealed_packs();
  return ok();
}

Status ObjectStore::Impl::start_pack(std::uint32_t number) {
  const std::string path = packs_directory + "/" + pack_name(number);
  TRY(io::Fd fd, io::open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
  CHECK_OK(io::write_all(fd.get(), pack_header()));
  CHECK_OK(io::sync_file(fd.get()));
  CHECK_OK(io::sync_directory(packs_directory));
  const std::unique_lock lock(state_);
  if (open_pack_) sealed_.push_back({open_pack_->number, open_pack_->table});
  open_pack_.emplace();
  open_pack_->number = number;
  open_pack_->fd = std::make_shared<io::Fd>(std::move(fd));
  open_pack_->end = kPackHeaderSize;
  last_pack_ = number;
  synced_pack_ = number;
  synced_end_ = kPackHeaderSize;
  return ok();
}

void ObjectStore::Impl::index_sealed_packs() {
  const std::lock_guard indexing(indexing_);
  while (true) {
    SealedPack next;
    {
      const std::shared_lock lock(state_);
      if (sealed_.empty()) break;
      next = sealed_.front();
    }
    if (const Status indexed = index_one(next); !indexed) {
      // Its table stays in memory and is tried again with the next pack.
      log::warning("snapshots", "cannot write an index", {{"pack", next.number}, {"error", indexed.error().to_line()}});
      return;
    }
  }
  merge_small_indexes();
}

Status ObjectStore::Impl::index_one(const SealedPack& sealed) {
  CHECK_OK(write_index(packs_directory, sealed.number, *sealed.table));
  TRY(auto index, PackIndex::open(packs_directory + "/" + index_name(sealed.number, sealed.number)));
  const std::unique_lock lock(state_);
  const auto place = std::find_if(indexes_.begin(), indexes_.end(), [&](const auto& other) { return other->first_pack() > index->first_pack(); });
  indexes_.insert(place, std::move(index));
  sealed_.erase(sealed_.begin());
  return ok();
}

void ObjectStore::Impl::merge_small_indexes() {
  while (true) {
    std::shared_ptr<const PackIndex> older, newer;
    {
      const std::shared_lock lock(state_);
      const std::size_t count = indexes_.size();
      if (count < 2 || indexes_[count - 2]->rows().size() > 3 * indexes_[count - 1]->rows().size()) return;
      older = indexes_[count - 2];
      newer = indexes_[count - 1];
    }
    const std::string path = packs_directory + "/" + index_name(older->first_pack(), newer->last_pack());
    const Status merged = merge_indexes(packs_directory, *older, *newer);
    auto index = merged ? PackIndex::open(path) : Result<std::shared_ptr<const PackIndex>>(merged.error());
    if (!index) return log::warning("snapshots", "cannot merge indexes", {{"error", index.error().to_line()}});
    {
      const std::unique_lock lock(state_);
      indexes_.resize(indexes_.size() - 2);
      indexes_.push_back(std::move(*index));
    }
    ::unlink(older->path().c_str());
    ::unlink(newer->path().c_str());
  }
}

}  // namespace stoker::snapshots
