#include "snapshots/store/pack.hpp"

#include <zstd.h>

#include <new>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kPackMagic = "STKRPACK";
constexpr std::string_view kEndMagic = "SEND";
constexpr int kLevel = 1;

Error malformed(std::string_view what) { return Error(ErrorCode::kProtocol, fmt::format("malformed pack: {}", what)); }

std::string frame_header(const FrameHeader& header) {
  std::string bytes(kFrameMagic);
  put(bytes, static_cast<std::uint32_t>(header.compressed ? 1 : 0));
  put(bytes, header.objects);
  put(bytes, header.raw_size);
  put(bytes, header.stored_size);
  put(bytes, header.body_crc);
  put(bytes, crc32c(bytes));
  return bytes;
}

}  // namespace

Result<FrameHeader> parse_frame_header(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderSize || !bytes.starts_with(kFrameMagic)) return malformed("no frame where one should begin");
  if (take<std::uint32_t>(bytes.data() + 24) != crc32c(bytes.substr(0, 24))) return malformed("a frame's head has a wrong checksum");
  const auto codec = take<std::uint32_t>(bytes.data() + 4);
  if (codec > 1) return malformed("unknown compression");
  FrameHeader header{codec == 1, take<std::uint32_t>(bytes.data() + 8), take<std::uint32_t>(bytes.data() + 12),
                     take<std::uint32_t>(bytes.data() + 16), take<std::uint32_t>(bytes.data() + 20)};
  if (header.objects == 0 || header.objects > kMaxFrameObjects) return malformed("a frame with too many objects, or none");
  if (header.raw_size > kMaxObject || header.stored_size > header.raw_size) return malformed("a frame over its bounds");
  if (!header.compressed && header.stored_size != header.raw_size) return malformed("a frame's sizes do not agree");
  return header;
}

Result<std::vector<FrameObject>> parse_table(const FrameHeader& header, std::string_view table) {
  std::vector<FrameObject> objects(header.objects);
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < header.objects; ++i) {
    const char* row = table.data() + i * kTableRowSize;
    const auto packed = take<std::uint32_t>(row + sizeof(Digest));
    const auto kind = packed >> 24;
    objects[i] = {take<Digest>(row), static_cast<ObjectKind>(kind), static_cast<std::uint32_t>(offset), packed & 0xFFFFFF};
    if (kind < 1 || kind > 3) return malformed("unknown kind of object");
    offset += objects[i].size;
    if (offset > header.raw_size) return malformed("objects go over their frame's end");
  }
  if (offset != header.raw_size) return malformed("a frame is larger than its objects");
  return objects;
}

Result<EncodedFrame> parse_frame(std::string bytes) {
  TRY(const FrameHeader header, parse_frame_header(bytes));
  const std::string_view body = std::string_view(bytes).substr(kFrameHeaderSize);
  if (body.size() != header.body_size() || crc32c(body) != header.body_crc) return malformed("a frame has a wrong checksum");
  TRY(auto objects, parse_table(header, body.substr(0, header.table_size())));
  return EncodedFrame{header, std::move(bytes), std::move(objects)};
}

Status decompress_frame(const FrameHeader& header, std::string_view stored, std::string& raw) {
  if (!header.compressed) {
    raw.assign(stored);
    return ok();
  }
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  raw.resize(header.raw_size);
  const std::size_t size = ZSTD_decompressDCtx(context.get(), raw.data(), raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != header.raw_size) return malformed("a frame does not decompress to its size");
  return ok();
}

Status check_digests(const std::vector<FrameObject>& objects, std::string_view raw) {
  for (const FrameObject& object : objects) {
    if (sha256(raw.substr(object.offset, object.size)) == object.digest) continue;
    return Error(ErrorCode::kInvalidInput, fmt::format("object {} has other content than its name says", object.digest.hex()));
  }
  return ok();
}

struct FrameWriter::Compressor {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string buffer;
  Compressor() {
    if (context == nullptr) throw std::bad_alloc();
  }
  ~Compressor() { ZSTD_freeCCtx(context); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  /// Empty when compressing saves nothing.
  std::string_view compress(std::string_view raw) {
    buffer.resize(ZSTD_compressBound(raw.size()));
    const std::size_t size = ZSTD_compressCCtx(context, buffer.data(), buffer.size(), raw.data(), raw.size(), kLevel);
    if (ZSTD_isError(size) != 0 || size >= raw.size()) return {};
    return std::string_view(buffer).substr(0, size);
  }
};

FrameWriter::FrameWriter() : compressor_(std::make_unique<Compressor>()) {}
FrameWriter::~FrameWriter() = default;
FrameWriter::FrameWriter(FrameWriter&&) noexcept = default;
FrameWriter& FrameWriter::operator=(FrameWriter&&) noexcept = default;

void FrameWriter::add(const Digest& digest, ObjectKind kind, std::string_view content) {
  if (count_ > 0 && (raw_.size() + content.size() > kFrameTarget || count_ == kMaxFrameObjects)) close_frame();
  raw_.append(content);
  put(table_, digest);
  put(table_, (static_cast<std::uint32_t>(kind) << 24) | static_cast<std::uint32_t>(content.size()));
  ++count_;
  ++total_objects_;
}

void FrameWriter::close_frame() {
  const std::string_view packed = compressor_->compress(raw_);
  const std::string_view stored = packed.empty() ? std::string_view(raw_) : packed;
  FrameHeader header{!packed.empty(), count_, static_cast<std::uint32_t>(raw_.size()), static_cast<std::uint32_t>(stored.size()), 0};
  header.body_crc = crc32c(stored, crc32c(table_));
  ready_ += frame_header(header);
  ready_ += table_;
  ready_ += stored;
  raw_.clear();
  table_.clear();
  count_ = 0;
  ++total_frames_;
}

std::string FrameWriter::take_frames(bool all) {
  if (all && count_ > 0) close_frame();
  return std::exchange(ready_, {});
}

std::string pack_header() {
  std::string bytes(kPackMagic);
  put(bytes, kPackVersion);
  put(bytes, crc32c(bytes));
  return bytes;
}

std::string pack_end(std::uint64_t frames, std::uint64_t objects) {
  std::string bytes(kEndMagic);
  put(bytes, frames);
  put(bytes, objects);
  put(bytes, crc32c(bytes));
  return bytes;
}

Status check_pack_header(std::string_view bytes) {
  if (bytes.size() < kPackHeaderSize || !bytes.starts_with(kPackMagic)) return malformed("it does not begin as one");
  const auto version = take<std::uint32_t>(bytes.data() + 8);
  if (take<std::uint32_t>(bytes.data() + 12) != crc32c(bytes.substr(0, 12))) return malformed("its head has a wrong checksum");
  if (version > kPackVersion) {
    return Error(ErrorCode::kDataFormat, fmt::format("this pack has version {}, and this stoker knows {}", version, kPackVersion))
        .hint("use a newer stoker here");
  }
  if (version != kPackVersion) return malformed("unknown version");
  return ok();
}

Status PackParser::read_into(std::string& bytes, std::size_t size) {
  const std::size_t before = bytes.size();
  bytes.resize(before + size);
  TRY(const bool there, read_exactly(reader_, bytes.data() + before, size));
  if (!there && size > 0) return malformed("it ends early");
  return ok();
}

Status PackParser::read_header() {
  std::string bytes;
  CHECK_OK(read_into(bytes, kPackHeaderSize));
  begun_ = true;
  return check_pack_header(bytes);
}

Status PackParser::read_end(std::string bytes) {
  CHECK_OK(read_into(bytes, kPackEndSize - bytes.size()));
  if (bytes != pack_end(frames_, objects_)) return malformed("its end does not agree with its frames");
  char extra = 0;
  TRY(const std::size_t more, reader_.read(&extra, 1));
  if (more != 0) return malformed("bytes after its end");
  return ok();
}

Result<std::optional<EncodedFrame>> PackParser::next() {
  if (!begun_) CHECK_OK(read_header());
  std::string bytes;
  CHECK_OK(read_into(bytes, kFrameMagic.size()));
  if (bytes == kEndMagic) {
    CHECK_OK(read_end(std::move(bytes)));
    return std::optional<EncodedFrame>{};
  }
  CHECK_OK(read_into(bytes, kFrameHeaderSize - bytes.size()));
  TRY(const FrameHeader header, parse_frame_header(bytes));
  bytes.reserve(kFrameHeaderSize + header.body_size());
  CHECK_OK(read_into(bytes, header.body_size()));
  TRY(EncodedFrame frame, parse_frame(std::move(bytes)));
  ++frames_;
  objects_ += frame.header.objects;
  return std::optional<EncodedFrame>(std::move(frame));
}

}  // namespace stoker::snapshots
