#pragma once
// Files of the versions 1 and 2 of the format, one append-only file per run: read only, block by block, each as a record of today.
//
// Header of 16 bytes: magic `STKRMETR`, u32 version, u32 CRC-32C of the 12 bytes before. Then blocks up to the end: u32 length of the payload,
// u32 CRC-32C, payload: varints attempt, last number, points, new shapes; where the attempt is 0 text writer, varint rest (so many blocks of
// the same call follow; a call whose last block is not there does not count); the new shapes (numbered over the whole file); per point
// varint shape, u8 flags (1 step, 2 some values are text), time, step, values. The file ends at the first block that is incomplete or wrong.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::metrics {

inline constexpr std::string_view kFileMagic = "STKRMETR";
inline constexpr std::size_t kFileHeaderSize = 16;

/// The version in a file's header; 0: the header never reached the disk. kDataFormat when it is another file.
Result<std::uint32_t> file_version(std::string_view header);

/// The file's records, to be read with RecordReader. A torn tail is left out.
std::vector<std::string> legacy_records(std::string_view run, std::string_view file);

}  // namespace stoker::metrics
