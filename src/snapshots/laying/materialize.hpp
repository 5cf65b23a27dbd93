#pragma once
// Lays a snapshot down as a working directory, from a pack as ObjectStore::write_pack streams it. Used by the supervisor.
// Trusts nothing in the stream: digests are recomputed, every file is created with O_EXCL below the directory's descriptor without
// following any link, links are made last and only if they stay inside. Not for restoring into a folder that has content.

#include <string>

#include "base/result.hpp"
#include "snapshots/object.hpp"
#include "snapshots/stream.hpp"

namespace stoker::snapshots {

struct MaterializeOptions {
  unsigned threads = 2;  // that write; reading the pack is the caller's thread
};

/// Makes `directory` (its parent exists) unless it is there. Files 0644 or 0755, folders 0755, all less the umask. Blocking.
/// kProtocol or kInvalidInput for a bad stream, kConflict for a name that exists already, kIo, kStorageFull.
/// After an error the directory holds a part; the caller removes it. Memory: the trees, about 60 bytes a file, and a few frames.
Result<SnapshotInfo> materialize(PackReader& reader, const Digest& root, const std::string& directory, MaterializeOptions options = {});

}  // namespace stoker::snapshots
