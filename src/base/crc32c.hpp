#pragma once
// CRC-32C (Castagnoli, RFC 3720 B.4) of records on disk: finds torn writes; identity is SHA-256's job.

#include <cstdint>
#include <string_view>

namespace stoker {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace stoker
