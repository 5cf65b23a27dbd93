#pragma once
// What a tracked program wrote, on this machine's disk until the server has it: one file of frames, appended by the pump and read by the sender.
// A frame is 16 bytes, little-endian: stream (u8; 1 stdout, 2 stderr), three zero bytes, length (u32), microseconds since 1970 (i64);
// then the bytes. A torn frame at the end, which a crash leaves, is not there. Never synced: it outlives its process, not the machine.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::client {

struct ConsoleFrame {
  std::uint8_t stream = 1;
  Time time;
  std::string data;
};

/// One thread appends, another reads.
class ConsoleSpool {
 public:
  /// Opens or creates; what a crash left torn is cut.
  static Result<ConsoleSpool> open(const std::string& path);
  ConsoleSpool(ConsoleSpool&& other) noexcept : file_(std::move(other.file_)), size_(other.size_.load()) {}

  Status append(std::uint8_t stream, Time time, std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// Whole frames from `position` on, at least one and about `limit` bytes of them; `position` moves behind them.
  Result<std::vector<ConsoleFrame>> read(std::uint64_t& position, std::size_t limit) const;

 private:
  explicit ConsoleSpool(io::Fd file) : file_(std::move(file)) {}
  io::Fd file_;
  std::atomic<std::uint64_t> size_ = 0;
};

}  // namespace stoker::client
