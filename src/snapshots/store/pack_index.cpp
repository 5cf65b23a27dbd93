#include "snapshots/store/pack_index.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "io/file.hpp"
#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kMagic = "STKINDEX";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderSize = 48;  // magic, u32 version, u32 first pack, u32 last pack, u32 CRC of rows, u64 rows, …, u32 CRC of what precedes
constexpr std::size_t kCheckedSize = 32U << 20;  // rows of larger tables are not read at the start; a wrong row is found when it is used

std::string header_bytes(std::uint32_t first, std::uint32_t last, std::uint64_t rows, std::uint32_t rows_crc) {
  std::string bytes(kMagic);
  put(bytes, kVersion);
  put(bytes, first);
  put(bytes, last);
  put(bytes, rows_crc);
  put(bytes, rows);
  bytes.resize(kHeaderSize - 4);
  put(bytes, crc32c(bytes));
  return bytes;
}

std::string_view bytes_of(std::span<const IndexRow> rows) { return {reinterpret_cast<const char*>(rows.data()), rows.size_bytes()}; }

/// Rows go to a temporary file in pieces; the head comes last, then the name.
class IndexFile {
 public:
  explicit IndexFile(std::string folder) : folder_(std::move(folder)), temporary_(folder_ + "/index.tmp") {}
  ~IndexFile() {
    if (fd_.is_open()) ::unlink(temporary_.c_str());
  }
  Status begin() {
    TRY(fd_, io::open_file(temporary_, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    return io::write_all(fd_.get(), std::string(kHeaderSize, '\0'));
  }
  Status add(const IndexRow& row) {
    buffer_.push_back(row);
    return buffer_.size() < 8192 ? ok() : flush();
  }
  Status finish(std::uint32_t first, std::uint32_t last) {
    CHECK_OK(flush());
    CHECK_OK(io::write_all_at(fd_.get(), header_bytes(first, last, count_, crc_), 0));
    CHECK_OK(io::sync_file(fd_.get()));
    const std::string name = folder_ + "/" + index_name(first, last);
    if (std::rename(temporary_.c_str(), name.c_str()) != 0) return errno_error("cannot write " + name, errno);
    fd_.reset();
    return io::sync_directory(folder_);
  }

 private:
  Status flush() {
    const auto bytes = bytes_of(buffer_);
    crc_ = crc32c(bytes, crc_);
    count_ += buffer_.size();
    CHECK_OK(io::write_all(fd_.get(), bytes));
    buffer_.clear();
    return ok();
  }
  std::string folder_;
  std::string temporary_;
  io::Fd fd_;
  std::vector<IndexRow> buffer_;
  std::uint64_t count_ = 0;
  std::uint32_t crc_ = 0;
};

std::uint64_t prefix_of(const Digest& digest) { return __builtin_bswap64(take<std::uint64_t>(reinterpret_cast<const char*>(digest.bytes.data()))); }

}  // namespace

std::string index_name(std::uint32_t first_pack, std::uint32_t last_pack) { return fmt::format("{:08}-{:08}.idx", first_pack, last_pack); }

Result<std::shared_ptr<const PackIndex>> PackIndex::open(const std::string& path) {
  TRY(const io::Fd fd, io::open_file(path, O_RDONLY));
  TRY(const std::uint64_t size, io::file_size(fd.get()));
  const auto damaged = [&] { return Error(ErrorCode::kSnapshotCorrupt, fmt::format("the index {} is damaged", path)); };
  if (size < kHeaderSize) return damaged();
  std::shared_ptr<PackIndex> index(new PackIndex);
  index->path_ = path;
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) return errno_error("cannot map " + path, errno);
  index->map_ = map;
  index->map_size_ = size;
  const char* bytes = static_cast<const char*>(map);
  const std::string_view head(bytes, kHeaderSize);
  if (!head.starts_with(kMagic) || take<std::uint32_t>(bytes + kHeaderSize - 4) != crc32c(head.substr(0, kHeaderSize - 4))) return damaged();
  if (take<std::uint32_t>(bytes + 8) > kVersion) return Error(ErrorCode::kDataFormat, fmt::format("{} was written by a newer stoker", path));
  index->first_pack_ = take<std::uint32_t>(bytes + 12);
  index->last_pack_ = take<std::uint32_t>(bytes + 16);
  const auto count = take<std::uint64_t>(bytes + 24);
  if (count != (size - kHeaderSize) / sizeof(IndexRow) || (size - kHeaderSize) % sizeof(IndexRow) != 0) return damaged();
  index->rows_ = {reinterpret_cast<const IndexRow*>(bytes + kHeaderSize), count};
  if (size <= kCheckedSize && crc32c(bytes_of(index->rows_)) != take<std::uint32_t>(bytes + 20)) return damaged();
  return std::shared_ptr<const PackIndex>(std::move(index));
}

PackIndex::~PackIndex() {
  if (map_ != nullptr) ::munmap(map_, map_size_);
}

std::optional<Location> PackIndex::find(const Digest& digest) const {
  // Digests are uniform, so a row is within a few times sqrt(n) of where its prefix says.
  const auto before = [](const IndexRow& row, const Digest& wanted) { return row.digest < wanted; };
  const auto guess = static_cast<std::size_t>(static_cast<double>(prefix_of(digest)) / 0x1p64 * static_cast<double>(rows_.size()));
  const auto slack = static_cast<std::size_t>(4 * std::sqrt(static_cast<double>(rows_.size()))) + 16;
  auto low = rows_.begin() + static_cast<std::ptrdiff_t>(guess > slack ? guess - slack : 0);
  auto high = rows_.begin() + static_cast<std::ptrdiff_t>(std::min(guess + slack, rows_.size()));
  if (low > high) low = high;
  if (low != rows_.begin() && !((low - 1)->digest < digest)) low = rows_.begin();
  if (high != rows_.end() && high->digest < digest) high = rows_.end();
  const auto at = std::lower_bound(low, high, digest, before);
  if (at == rows_.end() || at->digest != digest) return std::nullopt;
  return at->location;
}

Status write_index(const std::string& folder, std::uint32_t pack, const LocationTable& table) {
  std::vector<IndexRow> rows;
  rows.reserve(table.size());
  for (const auto& [digest, location] : table) rows.push_back({digest, location});
  std::sort(rows.begin(), rows.end(), [](const IndexRow& a, const IndexRow& b) { return a.digest < b.digest; });
  IndexFile file(folder);
  CHECK_OK(file.begin());
  for (const IndexRow& row : rows) CHECK_OK(file.add(row));
  return file.finish(pack, pack);
}

Status merge_indexes(const std::string& folder, const PackIndex& older, const PackIndex& newer) {
  IndexFile file(folder);
  CHECK_OK(file.begin());
  auto a = older.rows().begin();
  auto b = newer.rows().begin();
  while (a != older.rows().end() || b != newer.rows().end()) {
    const bool from_newer = a == older.rows().end() || (b != newer.rows().end() && b->digest <= a->digest);
    if (from_newer && a != older.rows().end() && a->digest == b->digest) ++a;
    CHECK_OK(file.add(from_newer ? *b++ : *a++));
  }
  return file.finish(older.first_pack(), newer.last_pack());
}

}  // namespace stoker::snapshots
