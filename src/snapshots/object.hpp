#pragma once
// The vocabulary of the content-addressed store (FORMAT.md): objects are bytes named by their SHA-256; what they mean is said
// by who refers to them. Bounds here hold on disk, on the wire and in memory; raising one is a change of the format.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "domain/ids.hpp"

namespace stoker::snapshots {

inline constexpr std::uint64_t kLargeFile = 8U << 20;     // a file over this is a list of chunks
inline constexpr std::uint64_t kChunk = 4U << 20;         // fixed size of a large file's chunks
inline constexpr std::uint64_t kMaxObject = 8U << 20;     // of any object, uncompressed
inline constexpr std::uint64_t kMaxFile = 1ULL << 40;     // a list of chunks must fit in one object
inline constexpr std::uint64_t kMaxTree = 256U << 20;     // a folder's encoding; over kMaxObject it is a list of chunks too
inline constexpr std::uint64_t kMaxEntries = 10'000'000;  // files, folders and links of one snapshot, repeated ones counted each time
inline constexpr unsigned kMaxDepth = 256;                // folders inside each other
inline constexpr std::size_t kMaxPath = 4095;             // PATH_MAX less the NUL
inline constexpr std::size_t kMaxName = 255;

/// How the sender uses an object: a hint for tools and for the order of work, never part of its identity.
enum class ObjectKind : std::uint8_t { kBlob = 1, kTree = 2, kList = 3 };

/// A file's content in the store. Size decides how `object` is read: up to kLargeFile the bytes themselves, above it a list of chunks.
struct FileRef {
  Digest object;
  std::uint64_t size = 0;
  bool is_chunked() const { return size > kLargeFile; }
  friend bool operator==(const FileRef&, const FileRef&) = default;
};

/// What a finished upload of one file (an output, a log) became.
struct StoredFile {
  Digest sha256;  // of the whole content
  std::uint64_t size = 0;
  Digest object;
  FileRef ref() const { return {object, size}; }
};

struct SnapshotInfo {
  Digest root;
  std::uint64_t files = 0;  // files and links
  std::uint64_t bytes = 0;  // of the files' content
  SnapshotId id() const { return SnapshotId(root.hex()); }
};

/// One file or link of a snapshot, path relative to its root.
struct TreeFile {
  std::string path;
  std::uint64_t size = 0;  // 0 for a link
  bool executable = false;
  Digest object;                    // zero for a link
  std::optional<std::string> link;  // target; nullopt for a file
  FileRef ref() const { return {object, size}; }
  /// nullopt for a link, and for a file over kLargeFile: nobody has hashed that in one piece.
  std::optional<Digest> sha256() const { return link || size > kLargeFile ? std::nullopt : std::optional(object); }
};

/// Paths of files and links, sorted.
struct Difference {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;
};

}  // namespace stoker::snapshots
