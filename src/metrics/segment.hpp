#pragma once
// One file of the log: preallocated, used again when its records are no longer needed, overwritten in place (FORMAT.md). A record belongs to
// the segment's present number by its checksum, so what an earlier use left behind is never read.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::metrics {

inline constexpr std::size_t kSegmentHeaderSize = 64;
inline constexpr std::size_t kRecordHeaderSize = 8;

/// Where a record ends: number of the segment and offset in it. Grows from record to record, over restarts too.
using Position = std::uint64_t;
constexpr Position make_position(std::uint32_t segment, std::uint32_t offset) { return Position{segment} << 32 | offset; }
constexpr std::uint32_t segment_of(Position position) { return static_cast<std::uint32_t>(position >> 32); }
constexpr std::uint32_t offset_of(Position position) { return static_cast<std::uint32_t>(position); }

struct SegmentHeader {
  std::uint32_t number = 0;
  /// The end of the segment before this one: what lies behind it there does not count. 0: there is none.
  Position previous = 0;
};

std::string encode_segment_header(const SegmentHeader& header);
/// nullopt: never written, or torn. kDataFormat for a newer version.
Result<std::optional<SegmentHeader>> decode_segment_header(std::string_view bytes);

/// The checksum of a record at its place.
std::uint32_t record_checksum(std::uint32_t payload_checksum, std::uint32_t segment, std::uint32_t offset);
void put_record(std::string& out, std::string_view payload, std::uint32_t payload_checksum, std::uint32_t segment, std::uint32_t offset);
/// The record at `offset` of a segment whose bytes from there on are given; nullopt: none, or torn.
std::optional<std::string_view> find_record(std::string_view bytes, std::uint32_t segment, std::uint32_t offset);

/// An open segment's file and how much of it has room on the disk.
class Segment {
 public:
  static Result<std::shared_ptr<Segment>> open(const std::string& path);

  const std::string& path() const { return path_; }
  int fd() const { return file_.get(); }
  std::uint64_t size() const { return size_; }
  /// Makes room up to `end` before anything is promised: blocks are taken and written, so that the sync of a record changes no metadata.
  Status make_room(std::uint64_t end);
  Status cut(std::uint64_t size);

  SegmentHeader header;
  bool is_new = false;  // its name is perhaps not on the disk yet

 private:
  Segment(std::string path, io::Fd file, std::uint64_t size) : path_(std::move(path)), file_(std::move(file)), size_(size) {}
  const std::string path_;
  io::Fd file_;
  std::uint64_t size_;
};

}  // namespace stoker::metrics
