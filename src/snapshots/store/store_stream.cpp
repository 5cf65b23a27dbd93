// Packs in and out of a store, and single files streamed into it.

#include <algorithm>

#include "snapshots/chunk_list.hpp"
#include "snapshots/store/store_impl.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kTreeCache = 16U << 20;
constexpr std::size_t kFlushSize = 1U << 20;

std::string_view stored_bytes(const EncodedFrame& frame) {
  return std::string_view(frame.bytes).substr(kFrameHeaderSize + frame.header.table_size());
}

Error store_failed() { return Error(ErrorCode::kIo, "the snapshot store failed to write meanwhile").hint("send it again").retryable(); }

/// Sends frames on as they fill up.
class PackOut {
 public:
  explicit PackOut(ByteSink& sink) : sink_(sink) {}
  Status begin() { return sink_.write(pack_header()); }
  Status add(const Digest& digest, ObjectKind kind, std::string_view bytes) {
    frames_.add(digest, kind, bytes);
    return frames_.ready_size() < kFlushSize ? ok() : sink_.write(frames_.take_frames(false));
  }
  Status copy(const EncodedFrame& frame) {
    ++copied_frames_;
    copied_objects_ += frame.header.objects;
    return sink_.write(frame.bytes);
  }
  Status flush() { return sink_.write(frames_.take_frames(true)); }
  Status finish() {
    CHECK_OK(flush());
    return sink_.write(pack_end(frames_.frames() + copied_frames_, frames_.objects() + copied_objects_));
  }

 private:
  ByteSink& sink_;
  FrameWriter frames_;
  std::uint64_t copied_frames_ = 0;
  std::uint64_t copied_objects_ = 0;
};

/// Everything below a root: trees and lists go out at once, the rest is collected and then sent in the order of the packs.
class SnapshotOut {
 public:
  SnapshotOut(ObjectStore::Impl& store, ByteSink& sink) : store_(store), out_(sink) {}
  Status send(const Digest& root);

 private:
  struct Wanted {
    Location location;
    Digest digest;
  };
  Status send_tree(const Digest& tree, unsigned depth);
  Status send_list(const Digest& digest, ObjectKind kind);
  Status want(const Digest& digest);
  Status send_wanted();
  Status send_frame(std::span<const Wanted> wanted);

  ObjectStore::Impl& store_;
  PackOut out_;
  FrameCache cache_{kTreeCache};
  std::unordered_set<Digest> trees_;
  std::vector<Wanted> wanted_;
};

Status SnapshotOut::send(const Digest& root) {
  CHECK_OK(out_.begin());
  CHECK_OK(send_tree(root, 1));
  CHECK_OK(out_.flush());
  trees_ = {};
  CHECK_OK(send_wanted());
  return out_.finish();
}

Status SnapshotOut::send_tree(const Digest& tree, unsigned depth) {
  if (depth > kMaxDepth) return Error(ErrorCode::kInvalidInput, "too many folders inside each other");
  if (!trees_.insert(tree).second) return ok();
  TRY(const std::string object, store_.get(tree, cache_));
  CHECK_OK(out_.add(tree, ObjectKind::kTree, object));
  std::string bytes = object;
  if (is_chunk_list(object)) {
    TRY(const ChunkList list, parse_chunk_list(object));
    for (const Digest& chunk : list.chunks) CHECK_OK(send_list(chunk, ObjectKind::kTree));
    TRY(bytes, store_.get_tree(tree, cache_));
  }
  TRY(TreeView view, TreeView::parse(bytes));
  for (TreeEntry entry; view.next(entry);) {
    if (entry.kind == EntryKind::kFolder) CHECK_OK(send_tree(entry.object, depth + 1));
    if (entry.kind == EntryKind::kFile && !entry.ref().is_chunked()) CHECK_OK(want(entry.object));
    if (entry.kind == EntryKind::kFile && entry.ref().is_chunked()) {
      CHECK_OK(send_list(entry.object, ObjectKind::kList));
      TRY(const std::string list_bytes, store_.get(entry.object, cache_));
      TRY(const ChunkList list, parse_chunk_list(list_bytes));
      for (const Digest& chunk : list.chunks) CHECK_OK(want(chunk));
    }
  }
  return ok();
}

Status SnapshotOut::send_list(const Digest& digest, ObjectKind kind) {
  if (!trees_.insert(digest).second) return ok();
  TRY(const std::string bytes, store_.get(digest, cache_));
  return out_.add(digest, kind, bytes);
}

Status SnapshotOut::want(const Digest& digest) {
  const auto location = store_.locate(digest);
  if (!location) return Error(ErrorCode::kNotFound, "the snapshot store lacks object " + digest.hex());
  wanted_.push_back({*location, digest});
  return ok();
}

Status SnapshotOut::send_wanted() {
  const auto key = [](const Wanted& each) {
    return std::tuple(each.location.pack, each.location.frame_offset, each.location.raw_offset, each.digest);
  };
  std::sort(wanted_.begin(), wanted_.end(), [&](const Wanted& a, const Wanted& b) { return key(a) < key(b); });
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) { return a.digest == b.digest; }), wanted_.end());
  for (std::size_t begin = 0; begin < wanted_.size();) {
    std::size_t end = begin;
    const Location& first = wanted_[begin].location;
    while (end < wanted_.size() && wanted_[end].location.pack == first.pack && wanted_[end].location.frame_offset == first.frame_offset) ++end;
    CHECK_OK(send_frame(std::span(wanted_).subspan(begin, end - begin)));
    begin = end;
  }
  return ok();
}

Status SnapshotOut::send_frame(std::span<const Wanted> wanted) {
  const Location& first = wanted.front().location;
  TRY(const auto fd, store_.pack_fd(first.pack));
  auto frame = read_frame(fd->get(), first.frame_offset);
  if (!frame) {
    for (const Wanted& each : wanted) store_.mark_damaged(each.digest);
    return std::move(frame).error();
  }
  // A frame of which all is wanted goes out as it lies; whoever reads the pack recomputes the digests. Content goes as blobs, whatever
  // the sender once called it: what is marked as structure stands at the start.
  const bool is_content =
      std::all_of(frame->objects.begin(), frame->objects.end(), [](const FrameObject& object) { return object.kind == ObjectKind::kBlob; });
  if (is_content && frame->header.objects == wanted.size()) {
    CHECK_OK(out_.flush());
    return out_.copy(*frame);
  }
  std::string raw;
  CHECK_OK(decompress_frame(frame->header, stored_bytes(*frame), raw));
  for (const Wanted& each : wanted) {
    if (std::uint64_t{each.location.raw_offset} + each.location.size() > raw.size()) {
      return Error(ErrorCode::kSnapshotCorrupt, "the snapshot store is damaged: an object goes over its frame's end");
    }
    CHECK_OK(out_.add(each.digest, ObjectKind::kBlob, std::string_view(raw).substr(each.location.raw_offset, each.location.size())));
  }
  return ok();
}

}  // namespace

Result<PackStats> ObjectStore::add_pack(PackReader& reader) {
  const std::uint64_t epoch = impl_->epoch_;
  PackStats stats;
  PackParser parser(reader);
  std::string raw;
  while (true) {
    TRY(const auto frame, parser.next());
    if (!frame) break;
    CHECK_OK(decompress_frame(frame->header, stored_bytes(*frame), raw));
    CHECK_OK(check_digests(frame->objects, raw));
    std::vector<const FrameObject*> fresh;
    for (const FrameObject& object : frame->objects) {
      if (!impl_->locate(object.digest)) fresh.push_back(&object);
    }
    stats.objects += frame->objects.size();
    stats.bytes += raw.size();
    stats.new_objects += fresh.size();
    if (fresh.size() == frame->objects.size()) {
      CHECK_OK(impl_->append(*frame));
    } else if (!fresh.empty()) {
      FrameWriter writer;
      for (const FrameObject* object : fresh) writer.add(object->digest, object->kind, std::string_view(raw).substr(object->offset, object->size));
      CHECK_OK(impl_->append_frames(writer.take_frames(true)));
    }
  }
  CHECK_OK(impl_->sync());
  if (impl_->epoch_ != epoch) return store_failed();
  return stats;
}

Status ObjectStore::write_pack(const Digest& root, ByteSink& sink) { return SnapshotOut(*impl_, sink).send(root); }

struct FileWriter::State {
  ObjectStore::Impl& store;
  std::uint64_t epoch;
  Sha256 whole;
  std::uint64_t size = 0;
  std::string buffer;          // not yet stored
  std::vector<Digest> chunks;  // empty until the file is known to be large

  Status store_object(const Digest& digest, ObjectKind kind, std::string_view bytes) {
    if (store.locate(digest)) return ok();
    FrameWriter writer;
    writer.add(digest, kind, bytes);
    return store.append_frames(writer.take_frames(true));
  }
  Status store_chunks(bool all) {
    std::size_t done = 0;
    while (buffer.size() - done >= kChunk || (all && done < buffer.size())) {
      const std::string_view chunk = std::string_view(buffer).substr(done, kChunk);
      chunks.push_back(sha256(chunk));
      CHECK_OK(store_object(chunks.back(), ObjectKind::kBlob, chunk));
      done += chunk.size();
    }
    buffer.erase(0, done);
    return ok();
  }
};

FileWriter::FileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileWriter::~FileWriter() = default;

std::unique_ptr<FileWriter> ObjectStore::new_file() {
  return std::unique_ptr<FileWriter>(new FileWriter(std::unique_ptr<FileWriter::State>(new FileWriter::State{*impl_, impl_->epoch_, {}, 0, {}, {}})));
}

Status FileWriter::write(std::string_view bytes) {
  if (state_->size + bytes.size() > kMaxFile) return Error(ErrorCode::kInputTooLarge, "a file may have at most 1 TiB");
  state_->whole.update(bytes);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kMaxObject);
    state_->buffer.append(part);
    state_->size += part.size();
    bytes.remove_prefix(part.size());
    if (state_->size > kLargeFile) CHECK_OK(state_->store_chunks(false));
  }
  return ok();
}

Result<StoredFile> FileWriter::finish() {
  StoredFile file{state_->whole.finish(), state_->size, {}};
  if (file.size <= kLargeFile) {
    file.object = file.sha256;
    CHECK_OK(state_->store_object(file.object, ObjectKind::kBlob, state_->buffer));
  } else {
    CHECK_OK(state_->store_chunks(true));
    const std::string list = encode_chunk_list(file.size, state_->chunks);
    file.object = sha256(list);
    CHECK_OK(state_->store_object(file.object, ObjectKind::kList, list));
  }
  CHECK_OK(state_->store.sync());
  if (state_->store.epoch_ != state_->epoch) return store_failed();
  return file;
}

}  // namespace stoker::snapshots
