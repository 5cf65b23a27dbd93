#pragma once
// A blocking TCP connection with time limits, for the blocking HTTP client only. Another thread may interrupt it.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/url.hpp"

namespace stoker::io {

class Socket {
 public:
  using Timeout = std::chrono::milliseconds;

  /// `wake` is a descriptor that becomes readable when the operation in progress shall end with kCanceled.
  static Result<Socket> connect(const Url& url, Timeout timeout, int wake);

  /// Up to `size` bytes; 0 at the end. kTimeout after so much silence.
  Result<std::size_t> read_some(char* data, std::size_t size, Timeout timeout);
  /// False: the other side answered or hung up before it took everything (its answer may be worth reading).
  Result<bool> write(std::string_view bytes, Timeout timeout);
  /// The same for `size` bytes of a file, without copying them. kIo when the file is shorter.
  Result<bool> write_file(int fd, std::uint64_t offset, std::uint64_t size, Timeout timeout);
  /// Nothing has come (neither bytes nor the end) while nobody asked.
  bool is_quiet() const;

 private:
  Socket(Fd fd, int wake) : fd_(std::move(fd)), wake_(wake) {}
  Fd fd_;
  int wake_;
};

}  // namespace stoker::io
