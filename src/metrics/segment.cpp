#include "metrics/segment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "metrics/bytes.hpp"

namespace stoker::metrics {
namespace {

constexpr std::string_view kMagic = "STKRMLOG";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kCheckedHeader = 24;
constexpr std::uint64_t kStep = 1U << 20;  // room is made in steps, so that a small server stays small

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string out(kMagic);
  put_u32(out, kVersion);
  put_u32(out, header.number);
  put_u64(out, header.previous);
  put_u32(out, crc32c(out));
  out.resize(kSegmentHeaderSize);
  return out;
}

Result<std::optional<SegmentHeader>> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderSize || !bytes.starts_with(kMagic) ||
      get_u32(bytes.substr(kCheckedHeader)) != crc32c(bytes.substr(0, kCheckedHeader)))
    return std::optional<SegmentHeader>();
  Cursor cursor(bytes.substr(12, 12));
  if (const auto version = get_u32(bytes.substr(8)); version > kVersion)
    return Error(ErrorCode::kDataFormat, fmt::format("the log of the metrics has format {}, this version of stoker knows {}", version, kVersion))
        .hint("use the newer stoker that wrote it");
  SegmentHeader header{.number = get_u32(bytes.substr(12))};
  std::string_view number;
  (void)cursor.bytes(4, number);
  (void)cursor.u64(header.previous);
  return std::optional(header);
}

std::uint32_t record_checksum(std::uint32_t payload_checksum, std::uint32_t segment, std::uint32_t offset) {
  std::string place;
  put_u32(place, segment);
  put_u32(place, offset);
  put_u32(place, payload_checksum);
  return crc32c(place);
}

void put_record(std::string& out, std::string_view payload, std::uint32_t payload_checksum, std::uint32_t segment, std::uint32_t offset) {
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, record_checksum(payload_checksum, segment, offset));
  out += payload;
}

std::optional<std::string_view> find_record(std::string_view bytes, std::uint32_t segment, std::uint32_t offset) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  const std::size_t length = get_u32(bytes);
  if (length == 0 || length > bytes.size() - kRecordHeaderSize) return std::nullopt;
  const auto payload = bytes.substr(kRecordHeaderSize, length);
  if (record_checksum(crc32c(payload), segment, offset) != get_u32(bytes.substr(4))) return std::nullopt;
  return payload;
}

Result<std::shared_ptr<Segment>> Segment::open(const std::string& path) {
  TRY(auto file, io::open_file(path, O_RDWR | O_CREAT, 0600));
  TRY(const auto size, io::file_size(file.get()));
  std::shared_ptr<Segment> segment(new Segment(path, std::move(file), size));
  segment->is_new = size == 0;
  return segment;
}

Status Segment::make_room(std::uint64_t end) {
  if (end <= size_) return ok();
  end = (end + kStep - 1) / kStep * kStep;
  // Takes the blocks or fails before anything is written. Not every file system can: then the zeros below do it.
  if (::fallocate(fd(), 0, static_cast<off_t>(size_), static_cast<off_t>(end - size_)) != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
    const auto error = errno_error("cannot make room in " + path_, errno);
    (void)!::ftruncate(fd(), static_cast<off_t>(size_));
    return error;
  }
  const std::string zeros(kStep, '\0');
  for (auto at = size_; at < end; at += kStep) {
    CHECK_OK(io::write_all_at(fd(), std::string_view(zeros).substr(0, std::min<std::uint64_t>(kStep, end - at)), at));
  }
  size_ = end;
  return ok();
}

Status Segment::cut(std::uint64_t size) {
  if (size_ <= size) return ok();
  if (::ftruncate(fd(), static_cast<off_t>(size)) != 0) return errno_error("cannot cut " + path_, errno);
  size_ = size;
  return ok();
}

}  // namespace stoker::metrics
