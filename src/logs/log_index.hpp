#pragma once
// The index of one run's log as bytes (FORMAT.md): a header and entries of 48 bytes, each with its own checksum. Pure.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace stoker::logs {

inline constexpr std::size_t kHeaderSize = 16;
inline constexpr std::size_t kEntrySize = 48;
inline constexpr std::uint32_t kVersion = 1;

/// Bytes of stream 1, 2 and 3.
using Totals = std::array<std::uint64_t, 3>;
inline std::uint64_t sum(const Totals& totals) { return totals[0] + totals[1] + totals[2]; }

struct Entry {
  enum class Kind : std::uint8_t { kSpan = 1, kAttempt = 2 };
  Kind kind = Kind::kSpan;
  std::uint8_t stream = 1;    // kAttempt: 0
  std::uint32_t length = 0;   // kAttempt: 0
  std::uint32_t attempt = 0;  // whose output this is; kAttempt: the one that begins here
  Time time;
  Totals before{};  // what each stream had before this entry; their sum is the offset in the text file
  friend bool operator==(const Entry&, const Entry&) = default;
};

std::string encode_header();
/// kDataFormat for a newer version or another file.
Status check_header(std::string_view bytes);
void encode(const Entry& entry, std::string& out);
/// False for a wrong checksum or impossible fields.
bool decode(std::string_view bytes, Entry& entry);

/// Follows the entries from the start: the end of the text, the newest attempt and where it begins.
struct IndexState {
  std::uint64_t entries = 0;
  Totals totals{};
  std::uint32_t attempt = 0;
  std::uint64_t attempt_base = 0;
  /// False (and nothing changes) when the entry does not continue what was before.
  bool take(const Entry& entry);
};

/// Takes whole entries from `bytes` until the first that is torn or wrong; true when all of them were good.
bool follow(std::string_view bytes, IndexState& state);

}  // namespace stoker::logs
