#pragma once
// Bytes in and out without saying where from: an HTTP body, a file, a string. Packs pass through these in bounded memory.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::snapshots {

/// Blocking. Not shared between threads.
class PackReader {
 public:
  virtual ~PackReader() = default;
  /// Up to `size` bytes into `into`; 0 only at the end.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// All of it, or an error.
  virtual Status write(std::string_view bytes) = 0;
};

/// Reads borrowed bytes.
class StringReader final : public PackReader {
 public:
  explicit StringReader(std::string_view bytes) : rest_(bytes) {}
  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  std::string_view rest_;
};

/// Reads a descriptor that the caller keeps open.
class FdReader final : public PackReader {
 public:
  explicit FdReader(int fd) : fd_(fd) {}
  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  int fd_;
};

class StringSink final : public ByteSink {
 public:
  Status write(std::string_view bytes) override {
    bytes_.append(bytes);
    return ok();
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Fills `into` wholly; false when the stream was at its end before the first byte, kProtocol when it ends in the middle.
Result<bool> read_exactly(PackReader& reader, char* into, std::size_t size);

}  // namespace stoker::snapshots
