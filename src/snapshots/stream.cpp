#include "snapshots/stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace stoker::snapshots {

Result<std::size_t> StringReader::read(char* into, std::size_t size) {
  const std::size_t count = std::min(size, rest_.size());
  std::memcpy(into, rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

Result<std::size_t> FdReader::read(char* into, std::size_t size) {
  while (true) {
    const ssize_t count = ::read(fd_, into, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return errno_error("cannot read the pack", errno);
  }
}

Result<bool> read_exactly(PackReader& reader, char* into, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    TRY(const std::size_t count, reader.read(into + done, size - done));
    if (count == 0 && done == 0) return false;
    if (count == 0) return Error(ErrorCode::kProtocol, "the pack ends in the middle").hint("send it again").retryable();
    done += count;
  }
  return true;
}

}  // namespace stoker::snapshots
