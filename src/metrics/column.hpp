#pragma once
// Columns of numbers as few bytes (FORMAT.md). A number is cut into its bytes, and all first bytes, all second bytes … are packed by zstd each on
// their own: what hardly changes costs nothing, and what is noise is stored as it is. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/bytes.hpp"

namespace stoker::metrics {

/// So many numbers a column has at most; a reader refuses more.
inline constexpr std::size_t kLongestColumn = 1U << 21;

void put_integers(std::string& out, std::span<const std::uint64_t> values);
bool read_integers(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& values);

/// Signed numbers that change little from one to the next.
void put_differences(std::string& out, std::span<const std::uint64_t> values);
bool read_differences(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& values);

/// The bits of doubles: as decimals or floats where every one of them is one exactly.
void put_reals(std::string& out, std::span<const std::uint64_t> bits);
bool read_reals(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& bits);

/// Any bytes.
void put_packed(std::string& out, std::string_view bytes);
bool read_packed(Cursor& cursor, std::string& bytes);

}  // namespace stoker::metrics
