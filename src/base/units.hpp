#pragma once
// Bytes for people.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker {

/// `512 B`, `1.5 KB`, `20 MB`: powers of 1000.
std::string format_bytes(std::uint64_t bytes);
/// `512`, `4k`, `20MB`, `1.5GiB`.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace stoker
