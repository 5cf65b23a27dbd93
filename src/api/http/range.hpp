#pragma once
// `Range:` and `If-None-Match:` (RFC 9110) for content of a known size: one range, or the whole.

#include <cstdint>
#include <optional>
#include <string_view>

namespace stoker::api {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct RangeChoice {
  enum class Kind : std::uint8_t { kWhole, kPart, kUnsatisfiable } kind = Kind::kWhole;
  ByteRange range;  // of the content that is to be sent; kUnsatisfiable: empty
};

/// Units other than bytes, several ranges and broken ones are ignored, as the RFC allows: the whole is sent.
RangeChoice choose_range(std::optional<std::string_view> header, std::uint64_t size);

/// Does `header`, a list of entity tags or *, hold `etag` (with its quotes)?
bool matches_etag(std::string_view header, std::string_view etag);

}  // namespace stoker::api
