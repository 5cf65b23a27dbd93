#include "client/console/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace stoker::client {
namespace {

constexpr std::size_t kHeader = 16;
constexpr std::uint32_t kLongest = 1U << 20;  // of one frame; what is longer is no frame

struct Header {
  std::uint8_t stream;
  std::uint8_t zero[3];
  std::uint32_t length;
  std::int64_t time;
};
static_assert(sizeof(Header) == kHeader);

bool is_frame(const Header& header) { return (header.stream == 1 || header.stream == 2) && header.length <= kLongest; }

}  // namespace

Result<ConsoleSpool> ConsoleSpool::open(const std::string& path) {
  TRY(auto file, io::open_file(path, O_RDWR | O_CREAT));
  TRY(const auto present, io::file_size(file.get()));
  ConsoleSpool spool(std::move(file));
  std::uint64_t end = 0;
  for (;;) {
    TRY(const auto bytes, io::read_at(spool.file_.get(), end, kHeader));
    Header header{};
    if (bytes.size() < kHeader) break;
    std::memcpy(&header, bytes.data(), kHeader);
    if (!is_frame(header) || end + kHeader + header.length > present) break;
    end += kHeader + header.length;
  }
  if (end < present && ::ftruncate(spool.file_.get(), static_cast<off_t>(end)) != 0) return errno_error("cannot cut " + path, errno);
  spool.size_ = end;
  return spool;
}

Status ConsoleSpool::append(std::uint8_t stream, Time time, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, kLongest);
    const Header header{stream, {}, static_cast<std::uint32_t>(part.size()), time.time_since_epoch().count()};
    std::string frame(reinterpret_cast<const char*>(&header), kHeader);
    frame += part;
    CHECK_OK(io::write_all_at(file_.get(), frame, size_));
    size_ += frame.size();
    bytes.remove_prefix(part.size());
  }
  return ok();
}

Result<std::vector<ConsoleFrame>> ConsoleSpool::read(std::uint64_t& position, std::size_t limit) const {
  std::vector<ConsoleFrame> frames;
  const auto end = size_.load();
  for (std::size_t taken = 0; position < end && taken < limit;) {
    TRY(const auto bytes, io::read_at(file_.get(), position, kHeader));
    Header header{};
    if (bytes.size() < kHeader) return Error(ErrorCode::kIo, "the kept output is shorter than it was");
    std::memcpy(&header, bytes.data(), kHeader);
    if (!is_frame(header)) return Error(ErrorCode::kIo, "the kept output is damaged");
    TRY(auto data, io::read_at(file_.get(), position + kHeader, header.length));
    if (data.size() < header.length) return Error(ErrorCode::kIo, "the kept output is shorter than it was");
    frames.push_back({header.stream, Time(Duration(header.time)), std::move(data)});
    position += kHeader + header.length;
    taken += header.length;
  }
  return frames;
}

}  // namespace stoker::client
