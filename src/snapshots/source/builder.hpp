#pragma once
// The client's side: turns a source folder into a snapshot and sends what the server lacks. Used by client/ and cli/.
// A folder that did not change costs reading its directories and one stat per file: a stat index remembers the digests, and
// everything it names is known to be on the server instance that it was written for. Problems are reported all at once.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "snapshots/object.hpp"

namespace stoker::snapshots {

/// The server, as an upload sees it. Calls come from several threads at once.
class Remote {
 public:
  virtual ~Remote() = default;
  /// Which of these the server lacks, any order. At most kMaxQuestion digests.
  virtual Result<std::vector<Digest>> missing(std::span<const Digest> digests) = 0;
  /// A whole pack, at most about kMaxPack bytes. Durable on success.
  virtual Status send_pack(std::string_view pack) = 0;
  /// kConflict when something below `root` was never sent.
  virtual Result<SnapshotInfo> commit(const Digest& root) = 0;
};
inline constexpr std::size_t kMaxQuestion = 16384;
inline constexpr std::size_t kMaxPack = 20U << 20;

/// Both totals are known, and not 0, once the folder has been walked.
struct Progress {
  std::uint64_t files = 0;  // hashed; files known from the last time count at once
  std::uint64_t bytes = 0;
  std::uint64_t total_files = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t sent_bytes = 0;  // packs, compressed
};

struct BuildOptions {
  std::string source;
  /// Where the stat index lies; empty: none is read or written. One file per source folder and server: `index_file_name`.
  std::string index_path;
  /// Names the server's data (its instance id): an index of another one is not believed.
  std::string server_instance;
  /// Folders, relative to the source, that never become part of it, whatever ignore files say (the client's own home with its token).
  std::vector<std::string> left_out;
  /// nullopt: no limit. Over one: kInputTooLarge, before anything is read or sent.
  std::optional<std::uint64_t> max_files;
  std::optional<std::uint64_t> max_bytes;
  /// Called from any of the threads, one call at a time, at most every 50 ms and once at the end.
  std::function<void(const Progress&)> progress;
  unsigned walk_threads = 2;
  unsigned send_threads = 3;  // more than cores: some wait for the server
};

struct Built {
  Digest root;
  std::uint64_t files = 0;  // files and links
  std::uint64_t bytes = 0;
  std::uint64_t hashed_files = 0;  // not known from the index
  std::uint64_t sent_objects = 0;
  std::uint64_t sent_bytes = 0;  // packs, compressed
  SnapshotId id() const { return SnapshotId(root.hex()); }
};

/// The snapshot's id without a server. kSourceInvalid with one Mistake per problem: folder missing, sockets, pipes, devices, unreadable
/// files, links that leave the folder or run in circles, names that are not UTF-8, files that change while they are read.
Result<Built> build(const BuildOptions& options);

/// Builds, sends what `remote` lacks, commits. Errors of build(), and the remote's.
Result<Built> upload(const BuildOptions& options, Remote& remote);

/// A file name for the index of this source folder (an absolute path) and server, stable.
std::string index_file_name(std::string_view source, std::string_view server_instance);

}  // namespace stoker::snapshots
