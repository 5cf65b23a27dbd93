#pragma once
// One pack file of the store: what is found in it after a crash, and reading a frame of it.

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "snapshots/store/pack.hpp"
#include "snapshots/store/pack_index.hpp"

namespace stoker::snapshots {

struct PackScan {
  LocationTable table;           // of the frames whose checksum is good
  std::uint64_t end = 0;         // behind the last good frame; what follows is a torn tail. 0: not even the head is whole
  std::uint64_t bad_frames = 0;  // damaged ones before `end`: their objects are not in the table, so they count as missing and are sent again
};

/// Reads the whole file. kDataFormat for a newer version.
Result<PackScan> scan_pack(const std::string& path, std::uint32_t number);

/// kSnapshotCorrupt when no good frame lies there.
Result<EncodedFrame> read_frame(int fd, std::uint32_t offset);

/// `00000001.pack`
std::string pack_name(std::uint32_t number);

/// Adds a frame's objects, as lying at `offset` of pack `number`.
void add_locations(LocationTable& table, const std::vector<FrameObject>& objects, std::uint32_t number, std::uint64_t offset);

}  // namespace stoker::snapshots
