#pragma once
// Packs: frames of many small objects compressed together (FORMAT.md). One frame layout serves the wire and the disk, so the store
// appends what it has verified without compressing again. Everything read here is taken as hostile until its digests are checked.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "snapshots/object.hpp"
#include "snapshots/stream.hpp"

namespace stoker::snapshots {

inline constexpr std::uint32_t kPackVersion = 1;
inline constexpr std::size_t kPackHeaderSize = 16;
inline constexpr std::size_t kFrameHeaderSize = 28;
inline constexpr std::size_t kTableRowSize = 36;
inline constexpr std::size_t kPackEndSize = 24;
inline constexpr std::size_t kFrameTarget = 1U << 20;  // a frame is closed when its objects reach this
inline constexpr std::uint32_t kMaxFrameObjects = 1U << 16;
inline constexpr std::string_view kFrameMagic = "SFRM";

struct FrameObject {
  Digest digest;
  ObjectKind kind = ObjectKind::kBlob;
  std::uint32_t offset = 0;  // in the uncompressed frame
  std::uint32_t size = 0;
};

struct FrameHeader {
  bool compressed = false;
  std::uint32_t objects = 0;
  std::uint32_t raw_size = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t body_crc = 0;  // table and stored bytes
  std::size_t table_size() const { return objects * kTableRowSize; }
  std::size_t body_size() const { return table_size() + stored_size; }
};

/// kFrameHeaderSize bytes. kProtocol for what is no frame or breaks a bound: nothing is allocated before this said yes.
Result<FrameHeader> parse_frame_header(std::string_view bytes);

/// A frame as it lies on disk, with its checksum verified; not yet its digests.
struct EncodedFrame {
  FrameHeader header;
  std::string bytes;  // header, table, stored bytes
  std::vector<FrameObject> objects;
};

/// Takes the frame's bytes whole. kProtocol when checksum, table or sizes do not agree.
Result<EncodedFrame> parse_frame(std::string bytes);

/// The table's rows of a frame whose checksum is known to be good; kProtocol when the sizes do not add up.
Result<std::vector<FrameObject>> parse_table(const FrameHeader& header, std::string_view table);

/// Decompresses into `raw` (replaced). kProtocol when it does not come to raw_size exactly.
Status decompress_frame(const FrameHeader& header, std::string_view stored, std::string& raw);

/// Recomputes every digest of the frame. kInvalidInput names the first that differs.
Status check_digests(const std::vector<FrameObject>& objects, std::string_view raw);

/// Collects objects into frames, frames into a pack. One thread; about 3 MiB of memory besides the pack itself.
class FrameWriter {
 public:
  FrameWriter();
  ~FrameWriter();
  FrameWriter(FrameWriter&&) noexcept;
  FrameWriter& operator=(FrameWriter&&) noexcept;
  /// At most kMaxObject bytes; `digest` is believed.
  void add(const Digest& digest, ObjectKind kind, std::string_view content);
  /// Frames that are ready, one after the other; the open one is closed first when `all`.
  std::string take_frames(bool all);
  std::size_t ready_size() const { return ready_.size(); }
  std::uint64_t objects() const { return total_objects_; }
  std::uint64_t frames() const { return total_frames_; }
  /// For a new pack, after take_frames(true).
  void reset_counts() { total_frames_ = total_objects_ = 0; }

 private:
  void close_frame();
  struct Compressor;
  std::unique_ptr<Compressor> compressor_;
  std::string raw_;
  std::string table_;
  std::uint32_t count_ = 0;
  std::string ready_;
  std::uint64_t total_objects_ = 0;
  std::uint64_t total_frames_ = 0;
};

/// Head and end of a pack on the wire.
std::string pack_header();
std::string pack_end(std::uint64_t frames, std::uint64_t objects);
/// kProtocol for something else, kDataFormat for a newer version.
Status check_pack_header(std::string_view bytes);

/// Reads a pack from a stream, frame by frame; memory is one frame.
class PackParser {
 public:
  explicit PackParser(PackReader& reader) : reader_(reader) {}
  /// nullopt after the pack's end was seen and agreed with what came before.
  Result<std::optional<EncodedFrame>> next();

 private:
  Status read_header();
  Status read_end(std::string bytes);
  Status read_into(std::string& bytes, std::size_t size);
  PackReader& reader_;
  bool begun_ = false;
  std::uint64_t frames_ = 0;
  std::uint64_t objects_ = 0;
};

}  // namespace stoker::snapshots
