#pragma once
// Length-prefixed frames on a byte stream: [u32 length of the payload][u8 kind][payload], little-endian.
// What the kinds mean is the business of protocol/; here they are only cut out of the stream and bounded.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::io {

enum class FrameKind : std::uint8_t { kControl = 1, kRecords = 2 };

struct Frame {
  FrameKind kind = FrameKind::kControl;
  std::string payload;
  friend bool operator==(const Frame&, const Frame&) = default;
};

inline constexpr std::size_t kMaxFrameBytes = 8U << 20;
inline constexpr std::size_t kFrameHeaderBytes = 5;

/// Appends the frame to `out`. The payload is at most kMaxFrameBytes (the sender cuts its batches so).
void encode_frame(const Frame& frame, std::string& out);

/// Cuts frames out of a stream that arrives in any pieces.
class FrameParser {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// nullopt: more bytes are needed. kProtocol for an unknown kind or a length beyond the bound; nothing can be read after that.
  Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
  std::size_t used_ = 0;
};

}  // namespace stoker::io
