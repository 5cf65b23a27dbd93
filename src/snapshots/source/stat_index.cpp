#include "snapshots/source/stat_index.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/crc32c.hpp"
#include "base/random.hpp"
#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kMagic = "STKSTAT1";
constexpr std::size_t kHeaderSize = 80;  // magic, key, u64 entries, u64 size of names, u64 folders, u32 checksum of the rest, …, u32 checksum of this
constexpr std::size_t kBuffer = 1U << 20;

template <class Row>
std::string_view bytes_of(std::span<const Row> rows) {
  return {reinterpret_cast<const char*>(rows.data()), rows.size_bytes()};
}

}  // namespace

void StatEntry::set_stat(const struct stat& info) {
  device = info.st_dev;
  inode = info.st_ino;
  size = static_cast<std::uint64_t>(info.st_size);
  mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  ctime_ns = std::int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec;
  mode = info.st_mode;
}

bool StatEntry::same_stat(const StatEntry& other) const {
  return inode == other.inode && size == other.size && mtime_ns == other.mtime_ns && ctime_ns == other.ctime_ns && mode == other.mode &&
         device == other.device;
}

std::unique_ptr<const StatIndex> StatIndex::open(const std::string& path, const Digest& key) {
  const auto fd = io::open_file(path, O_RDONLY);
  if (!fd) return nullptr;
  const auto size = io::file_size(fd->get());
  if (!size || *size < kHeaderSize) return nullptr;
  void* map = ::mmap(nullptr, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd->get(), 0);
  if (map == MAP_FAILED) return nullptr;
  std::unique_ptr<StatIndex> index(new StatIndex);
  index->map_ = map;
  index->map_size_ = *size;
  if (!index->parse({static_cast<const char*>(map), *size}, key)) return nullptr;
  return index;
}

StatIndex::~StatIndex() {
  if (map_ != nullptr) ::munmap(map_, map_size_);
}

bool StatIndex::parse(std::string_view bytes, const Digest& key) {
  const char* head = bytes.data();
  if (!bytes.starts_with(kMagic) || take<std::uint32_t>(head + kHeaderSize - 4) != crc32c(bytes.substr(0, kHeaderSize - 4))) return false;
  if (take<Digest>(head + 8) != key) return false;
  const auto entries = take<std::uint64_t>(head + 40);
  const auto names = take<std::uint64_t>(head + 48);
  const auto folders = take<std::uint64_t>(head + 56);
  const std::size_t body = bytes.size() - kHeaderSize;
  if (entries > body / sizeof(StatEntry) || folders > body / sizeof(StatFolder) || names > body) return false;
  if (entries * sizeof(StatEntry) + folders * sizeof(StatFolder) + names != body) return false;
  if (crc32c(bytes.substr(kHeaderSize)) != take<std::uint32_t>(head + 64)) return false;
  entries_ = {reinterpret_cast<const StatEntry*>(head + kHeaderSize), entries};
  folders_ = {reinterpret_cast<const StatFolder*>(head + kHeaderSize + entries * sizeof(StatEntry)), folders};
  names_ = bytes.substr(bytes.size() - names);
  return is_sound();
}

/// The checksum finds accidents, this finds our own mistakes: no number in it may point outside.
bool StatIndex::is_sound() const {
  if (folders_.empty()) return false;
  for (const StatFolder& folder : folders_) {
    if (folder.first_entry > entries_.size() || folder.entries > entries_.size() - folder.first_entry || folder.name_base > names_.size())
      return false;
    for (const StatEntry& entry : entries_.subspan(folder.first_entry, folder.entries)) {
      if (std::uint64_t{entry.name_offset} + entry.name_size > names_.size() - folder.name_base) return false;
      if (entry.kind == EntryKind::kFolder && entry.folder >= folders_.size()) return false;
    }
  }
  return true;
}

StatIndexWriter::~StatIndexWriter() {
  if (fd_.is_open()) ::unlink(temporary_.c_str());
}

Status StatIndexWriter::begin() {
  temporary_ = path_ + "." + SystemRandom().hex(4) + ".tmp";
  if (const std::size_t slash = path_.rfind('/'); slash != std::string::npos && slash > 0) CHECK_OK(io::make_directories(path_.substr(0, slash)));
  TRY(fd_, io::open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL, 0600));
  return io::write_all(fd_.get(), std::string(kHeaderSize, '\0'));
}

Status StatIndexWriter::write(std::string_view bytes) {
  crc_ = crc32c(bytes, crc_);
  buffer_.append(bytes);
  if (buffer_.size() < kBuffer) return ok();
  CHECK_OK(io::write_all(fd_.get(), buffer_));
  buffer_.clear();
  return ok();
}

Status StatIndexWriter::add_folder(const Digest& tree, std::span<const StatEntry> entries, std::string_view names) {
  folders_.push_back({tree, entries_, names_.size(), static_cast<std::uint32_t>(entries.size()), 0});
  entries_ += entries.size();
  names_.append(names);
  return write(bytes_of(entries));
}

Status StatIndexWriter::finish(const Digest& key) {
  CHECK_OK(write(bytes_of(std::span<const StatFolder>(folders_))));
  CHECK_OK(write(names_));
  CHECK_OK(io::write_all(fd_.get(), buffer_));
  std::string head(kMagic);
  put(head, key);
  put(head, entries_);
  put(head, static_cast<std::uint64_t>(names_.size()));
  put(head, static_cast<std::uint64_t>(folders_.size()));
  put(head, crc_);
  head.resize(kHeaderSize - 4);
  put(head, crc32c(head));
  CHECK_OK(io::write_all_at(fd_.get(), head, 0));
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return errno_error("cannot write " + path_, errno);
  fd_.reset();
  return ok();
}

}  // namespace stoker::snapshots
