#pragma once
// The names in one folder, as fast as the kernel gives them: getdents64 into buffers that are used again for the next folder.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::snapshots {

class FolderNames {
 public:
  struct Name {
    std::uint64_t key;  // its first eight bytes, so that most comparisons need no more
    std::uint32_t offset;
    std::uint16_t size;
    std::uint8_t type;  // DT_…; never DT_UNKNOWN unless the file vanished meanwhile
  };

  /// Sorted as bytes; without `.`, `..` and `.git`. 0, or errno.
  int read(int fd);

  std::vector<Name> list;  // the reader may drop some
  bool has_amlignore = false;
  bool has_gitignore = false;
  std::string_view text(const Name& name) const { return {bytes_.data() + name.offset, name.size}; }
  const char* c_name(const Name& name) const { return bytes_.data() + name.offset; }

 private:
  void take(std::size_t size);
  void resolve_types(int fd);
  std::vector<char> kernel_ = std::vector<char>(128U << 10);
  std::string bytes_;  // each name ends with a NUL
  bool has_unknown_ = false;
};

}  // namespace stoker::snapshots
