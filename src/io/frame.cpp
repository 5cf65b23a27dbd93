#include "io/frame.hpp"

#include <fmt/format.h>

namespace stoker::io {

void encode_frame(const Frame& frame, std::string& out) {
  const auto size = static_cast<std::uint32_t>(frame.payload.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift));
  out.push_back(static_cast<char>(frame.kind));
  out.append(frame.payload);
}

Result<std::optional<Frame>> FrameParser::next() {
  const auto rest = std::string_view(buffer_).substr(used_);
  if (rest.size() < kFrameHeaderBytes) return std::optional<Frame>();
  std::uint32_t size = 0;
  for (unsigned i = 0; i < 4; ++i) size |= static_cast<std::uint32_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
  const auto kind = static_cast<unsigned char>(rest[4]);
  if (size > kMaxFrameBytes)
    return Error(ErrorCode::kProtocol, fmt::format("a frame of {} bytes is larger than the {} that are allowed", size, kMaxFrameBytes));
  if (kind != 1 && kind != 2) return Error(ErrorCode::kProtocol, fmt::format("a frame has the unknown kind {}", kind));
  if (rest.size() < kFrameHeaderBytes + size) return std::optional<Frame>();
  Frame frame{static_cast<FrameKind>(kind), std::string(rest.substr(kFrameHeaderBytes, size))};
  used_ += kFrameHeaderBytes + size;
  // What was read is dropped when it is the larger part, so that each byte is moved at most about once.
  if (used_ * 2 >= buffer_.size()) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  return std::optional<Frame>(std::move(frame));
}

}  // namespace stoker::io
