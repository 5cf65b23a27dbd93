// Opening a store: its version, the tables on disk, and what a crash left behind.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"
#include "snapshots/store/store_impl.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kFormatPrefix = "stoker snapshots ";
constexpr int kFormatVersion = 1;

std::optional<std::uint32_t> pack_number(std::string_view name) {
  std::uint32_t number = 0;
  if (name.size() != 13 || !name.ends_with(".pack")) return std::nullopt;
  const auto parsed = std::from_chars(name.data(), name.data() + 8, number);
  if (parsed.ec != std::errc{} || parsed.ptr != name.data() + 8 || number == 0) return std::nullopt;
  return number;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> ObjectStore::open(const std::string& directory, StoreOptions options) {
  struct stat info{};
  if (::stat(directory.c_str(), &info) == 0 && !S_ISDIR(info.st_mode)) {
    return Error(ErrorCode::kDataLocation, fmt::format("{} is not a folder", directory));
  }
  auto impl = std::make_unique<Impl>(directory, options);
  CHECK_OK(impl->open());
  return std::unique_ptr<ObjectStore>(new ObjectStore(std::move(impl)));
}

ObjectStore::ObjectStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObjectStore::~ObjectStore() = default;

Status ObjectStore::Impl::open() {
  CHECK_OK(io::make_directories(packs_directory));
  CHECK_OK(check_format());
  TRY(const auto names, io::list_directory(packs_directory));
  for (const auto& name : names) {
    if (name.ends_with(".tmp")) ::unlink((packs_directory + "/" + name).c_str());
  }
  CHECK_OK(open_indexes(names));
  CHECK_OK(open_packs(names));
  index_sealed_packs();
  return ok();
}

Status ObjectStore::Impl::check_format() {
  const std::string path = directory + "/format";
  if (!io::exists(path)) return io::write_file_atomically(path, fmt::format("{}{}\n", kFormatPrefix, kFormatVersion));
  TRY(const std::string text, io::read_file(path, 4096));
  int version = 0;
  const std::string_view digits = std::string_view(text).substr(std::min(text.size(), kFormatPrefix.size()));
  if (!text.starts_with(kFormatPrefix) || std::from_chars(digits.data(), digits.data() + digits.size(), version).ec != std::errc{} || version < 1) {
    return Error(ErrorCode::kDataFormat, fmt::format("{} is not a snapshot store", directory)).hint("name another data folder");
  }
  if (version > kFormatVersion) {
    return Error(ErrorCode::kDataFormat,
                 fmt::format("{} was written by a newer stoker (format {}, this one knows {})", directory, version, kFormatVersion))
        .hint("use that version, or another data folder");
  }
  return ok();
}

Status ObjectStore::Impl::open_indexes(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (!name.ends_with(".idx")) continue;
    const std::string path = packs_directory + "/" + name;
    auto index = PackIndex::open(path);
    if (index) {
      indexes_.push_back(std::move(*index));
    } else if (index.error().code() == ErrorCode::kSnapshotCorrupt) {
      log::warning("snapshots", "an index is damaged and will be made again", {{"path", path}});
      ::unlink(path.c_str());
    } else {
      return std::move(index).error();
    }
  }
  // A crash between writing a merged table and removing its parts leaves both.
  std::erase_if(indexes_, [all = indexes_](const auto& index) {
    const bool is_covered = std::any_of(all.begin(), all.end(), [&](const auto& other) { return other != index && other->covers(*index); });
    if (is_covered) ::unlink(index->path().c_str());
    return is_covered;
  });
  std::sort(indexes_.begin(), indexes_.end(), [](const auto& a, const auto& b) { return a->first_pack() < b->first_pack(); });
  return ok();
}

Status ObjectStore::Impl::open_packs(const std::vector<std::string>& names) {
  std::vector<std::uint32_t> numbers;
  for (const auto& name : names) {
    if (const auto number = pack_number(name)) numbers.push_back(*number);
  }
  for (const auto& index : indexes_) last_pack_ = std::max(last_pack_, index->last_pack());
  for (const std::uint32_t number : numbers) {
    last_pack_ = std::max(last_pack_, number);
    const auto is_indexed = [number](const auto& index) { return index->first_pack() <= number && number <= index->last_pack(); };
    if (std::any_of(indexes_.begin(), indexes_.end(), is_indexed)) continue;
    TRY(PackScan scan, scan_pack(packs_directory + "/" + pack_name(number), number));
    if (scan.bad_frames > 0) log::warning("snapshots", "a pack has damaged frames", {{"pack", number}, {"frames", scan.bad_frames}});
    if (number == numbers.back()) {
      CHECK_OK(reopen_last_pack(number, std::move(scan)));
    } else {
      sealed_.push_back({number, std::make_shared<LocationTable>(std::move(scan.table))});
    }
  }
  return ok();
}

Status ObjectStore::Impl::reopen_last_pack(std::uint32_t number, PackScan scan) {
  OpenPack pack;
  pack.number = number;
  const std::string path = packs_directory + "/" + pack_name(number);
  TRY(io::Fd fd, io::open_file(path, O_RDWR));
  if (scan.end == 0) {
    CHECK_OK(io::write_all_at(fd.get(), pack_header(), 0));
    scan.end = kPackHeaderSize;
  }
  if (::ftruncate(fd.get(), static_cast<off_t>(scan.end)) != 0) return errno_error("cannot cut the torn end of " + path, errno);
  CHECK_OK(io::sync_file(fd.get()));
  pack.fd = std::make_shared<io::Fd>(std::move(fd));
  pack.end = scan.end;
  *pack.table = std::move(scan.table);
  synced_pack_ = number;
  synced_end_ = pack.end;
  open_pack_ = std::move(pack);
  return ok();
}

}  // namespace stoker::snapshots
