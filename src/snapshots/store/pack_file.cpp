#include "snapshots/store/pack_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "io/file.hpp"
#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

struct Mapping {
  void* address = nullptr;
  std::size_t size = 0;
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address != nullptr) ::munmap(address, size);
  }
  Status map(int fd, std::uint64_t length) {
    if (length == 0) return ok();
    void* mapped = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (mapped == MAP_FAILED) return errno_error("cannot map a pack", errno);
    address = mapped;
    size = length;
    return ok();
  }
  std::string_view bytes() const { return {static_cast<const char*>(address), size}; }
};

enum class Found { kGood, kBadBody, kNothing };

/// What begins at `bytes`; `size` and `objects` are set unless nothing does.
Found look_at(std::string_view bytes, std::size_t& size, std::vector<FrameObject>& objects) {
  const auto header = parse_frame_header(bytes);
  if (!header || bytes.size() < kFrameHeaderSize + header->body_size()) return Found::kNothing;
  size = kFrameHeaderSize + header->body_size();
  const std::string_view body = bytes.substr(kFrameHeaderSize, header->body_size());
  if (crc32c(body) != header->body_crc) return Found::kBadBody;
  auto table = parse_table(*header, body.substr(0, header->table_size()));
  if (!table) return Found::kBadBody;
  objects = std::move(*table);
  return Found::kGood;
}

}  // namespace

Result<PackScan> scan_pack(const std::string& path, std::uint32_t number) {
  TRY(const io::Fd fd, io::open_file(path, O_RDONLY));
  TRY(const std::uint64_t file_size, io::file_size(fd.get()));
  Mapping mapping;
  CHECK_OK(mapping.map(fd.get(), file_size));
  PackScan scan;
  const std::string_view bytes = mapping.bytes();
  const Status head = check_pack_header(bytes);
  if (!head && head.error().code() == ErrorCode::kDataFormat) return Error(head.error()).at("while opening " + path);
  if (head) scan.end = kPackHeaderSize;
  std::uint64_t bad = 0;
  std::vector<FrameObject> objects;
  for (std::size_t at = kPackHeaderSize; at < bytes.size();) {
    std::size_t size = 0;
    const Found found = look_at(bytes.substr(at), size, objects);
    if (found == Found::kGood) {
      add_locations(scan.table, objects, number, at);
      scan.bad_frames += std::exchange(bad, 0);
      scan.end = at + size;
    } else {
      ++bad;
    }
    // Behind a damaged head the next frame is looked for: a flipped bit must not cost what follows it.
    at = found == Found::kNothing ? std::min(bytes.find(kFrameMagic, at + 1), bytes.size()) : at + size;
  }
  return scan;
}

Result<EncodedFrame> read_frame(int fd, std::uint32_t offset) {
  const auto corrupt = [&](Error cause) {
    return Error(ErrorCode::kSnapshotCorrupt, "the snapshot store is damaged")
        .because(std::move(cause))
        .at(fmt::format("while reading a frame at {}", offset));
  };
  TRY(std::string bytes, io::read_at(fd, offset, kFrameHeaderSize));
  auto header = parse_frame_header(bytes);
  if (!header) return corrupt(std::move(header).error());
  TRY(const std::string body, io::read_at(fd, offset + kFrameHeaderSize, header->body_size()));
  bytes += body;
  auto frame = parse_frame(std::move(bytes));
  if (!frame) return corrupt(std::move(frame).error());
  return frame;
}

std::string pack_name(std::uint32_t number) { return fmt::format("{:08}.pack", number); }

void add_locations(LocationTable& table, const std::vector<FrameObject>& objects, std::uint32_t number, std::uint64_t offset) {
  for (const FrameObject& object : objects) {
    table.insert_or_assign(object.digest, Location{number, static_cast<std::uint32_t>(offset), object.offset,
                                                   (static_cast<std::uint32_t>(object.kind) << 24) | object.size});
  }
}

}  // namespace stoker::snapshots
