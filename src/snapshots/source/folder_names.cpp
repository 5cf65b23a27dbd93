#include "snapshots/source/folder_names.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

// linux_dirent64, getdents64(2): u64 inode, i64 next, u16 length, u8 type, name.
constexpr std::size_t kLengthOffset = 16;
constexpr std::size_t kTypeOffset = 18;
constexpr std::size_t kNameOffset = 19;

std::uint64_t sort_key(const char* name, std::size_t size) {
  std::uint64_t key = 0;
  std::memcpy(&key, name, std::min<std::size_t>(size, 8));
  return __builtin_bswap64(key);
}

}  // namespace

int FolderNames::read(int fd) {
  bytes_.clear();
  list.clear();
  has_amlignore = has_gitignore = has_unknown_ = false;
  while (true) {
    const long size = ::syscall(SYS_getdents64, fd, kernel_.data(), kernel_.size());
    if (size < 0) return errno;
    if (size == 0) break;
    take(static_cast<std::size_t>(size));
  }
  if (has_unknown_) resolve_types(fd);
  std::sort(list.begin(), list.end(), [&](const Name& a, const Name& b) { return a.key != b.key ? a.key < b.key : text(a) < text(b); });
  return 0;
}

void FolderNames::take(std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const char* entry = kernel_.data() + at;
    at += snapshots::take<std::uint16_t>(entry + kLengthOffset);
    const char* name = entry + kNameOffset;
    const std::size_t length = std::strlen(name);
    if (name[0] == '.') {
      const std::string_view text(name, length);
      if (text == "." || text == ".." || text == ".git") continue;
      has_amlignore = has_amlignore || text == ".amlignore";
      has_gitignore = has_gitignore || text == ".gitignore";
    }
    const auto type = static_cast<std::uint8_t>(entry[kTypeOffset]);
    has_unknown_ = has_unknown_ || type == DT_UNKNOWN;
    list.push_back({sort_key(name, length), static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint16_t>(length), type});
    bytes_.append(name, length + 1);
  }
}

void FolderNames::resolve_types(int fd) {
  for (Name& name : list) {
    struct stat info{};
    if (name.type == DT_UNKNOWN && ::fstatat(fd, c_name(name), &info, AT_SYMLINK_NOFOLLOW) == 0) name.type = IFTODT(info.st_mode);
  }
}

}  // namespace stoker::snapshots
