#pragma once
// The server's content-addressed store: snapshots of source folders and the files that runs leave behind, in append-only packs.
// Blocking, and safe to call from many threads. Success of add_pack, commit and FileWriter::finish means on disk (fdatasync);
// a crash or a full disk at any moment leaves a store that opens and holds everything acknowledged. Errors, besides kIo and
// kStorageFull: kSnapshotCorrupt when what is read is not what its name says. It knows no run and no user.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "snapshots/object.hpp"
#include "snapshots/stream.hpp"

namespace stoker::snapshots {

struct PackStats {
  std::uint64_t objects = 0;      // in the pack
  std::uint64_t bytes = 0;        // of the objects, uncompressed
  std::uint64_t new_objects = 0;  // that the store lacked
};

struct StoreOptions {
  std::uint64_t pack_bytes = 64U << 20;   // a pack file is sealed above this …
  std::uint64_t pack_objects = 1U << 16;  // … or above so many objects, which bounds the table in memory
};

class ObjectStore;

/// One file of any size streamed into the store, at most kLargeFile of it in memory. Not shared between threads.
/// Dropped without finish(): what was written is unreachable, nothing else.
class FileWriter {
 public:
  ~FileWriter();
  Status write(std::string_view bytes);
  /// Durable when it returns. Call once.
  Result<StoredFile> finish();

 private:
  friend class ObjectStore;
  struct State;
  explicit FileWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class ObjectStore {
 public:
  /// Creates the folder when it is not there. kDataFormat for a newer version, kDataLocation when it is not a folder.
  /// One process at a time: the caller holds the data folder's lock.
  static Result<std::unique_ptr<ObjectStore>> open(const std::string& directory, StoreOptions options = {});
  ~ObjectStore();
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;

  /// Those of `digests` that the store lacks, in the order given.
  std::vector<Digest> missing(std::span<const Digest> digests) const;
  /// Takes over a pack (FORMAT.md) from outside: every object is decompressed within bounds and hashed again before it is kept.
  /// kProtocol for a malformed pack, kInvalidInput for an object that is not what its name says, kDataFormat for a newer version.
  /// Whole frames before the mistake stay; that is harmless. Memory: one frame.
  Result<PackStats> add_pack(PackReader& reader);
  /// An object's bytes, hashed again. kNotFound, kSnapshotCorrupt.
  Result<std::string> get(const Digest& digest);

  /// Checks that everything below `root` is there and well-formed; then it is a snapshot. kConflict with the number of missing objects
  /// when something was not sent; kInvalidInput for a tree that no builder writes (names with `/`, `..`, unsorted, links out of it …).
  Result<SnapshotInfo> commit(const Digest& root);
  /// Files and links, sorted by path. kNotFound for an unknown root.
  Result<std::vector<TreeFile>> list(const Digest& root);
  /// kNotFound when there is no file or link of that path.
  Result<TreeFile> find(const Digest& root, std::string_view path);
  /// From `a` to `b`; reads only the folders that differ.
  Result<Difference> diff(const Digest& a, const Digest& b);
  /// Streams a pack that holds all objects of a committed root, trees first: what `materialize` reads. Memory: about 100 bytes a file.
  Status write_pack(const Digest& root, ByteSink& sink);

  std::unique_ptr<FileWriter> new_file();
  /// Up to `limit` bytes from `offset`; fewer at the end of the file. Every chunk read is hashed again. At most 16 MiB at a time.
  Result<std::string> read_file(const FileRef& file, std::uint64_t offset, std::size_t limit);

  struct Impl;

 private:
  explicit ObjectStore(std::unique_ptr<Impl> impl);
  friend class FileWriter;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::snapshots
