#pragma once
// The folder of a datastore. Every path stays below its root, whatever links lie in it: opened with RESOLVE_BENEATH. A link to a file inside the
// folder counts as that file; links to folders and links that lead out are left out of lists, and refused where they are named.
// Everything here blocks.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::data {

/// A path below a root as it was found.
struct FoundFile {
  std::string path;  // below the root
  std::uint64_t size = 0;
  Time modified_at;
};

enum class Entry : std::uint8_t { kNothing, kFile, kFolder };

/// No more are listed: kInputTooLarge.
inline constexpr std::size_t kMaxFiles = 1'000'000;

bool has_wildcard(std::string_view path);
/// Whether `pattern` means the file `path`: it is it, a folder above it, or matches it (`*` and `?` within a part, `**` across parts).
bool means(std::string_view pattern, std::string_view path);
/// The part before the first wildcard that is a whole folder: `a/b` of `a/b/*.csv`; all of a path without one.
std::string fixed_part(std::string_view pattern);

class Folder {
 public:
  /// kNotFound: the folder is not there (any more).
  static Result<Folder> open(const std::string& root);

  const std::string& root() const { return root_; }
  int descriptor() const { return fd_.get(); }
  Result<Entry> look(const std::string& path) const;
  /// All files that the pattern means, by path; empty when there are none. Empty: everything.
  Result<std::vector<FoundFile>> find(const std::string& pattern) const;
  Result<io::Fd> open_file(const std::string& path) const;
  /// Makes the folder with those above it.
  Status make_folder(const std::string& path) const;
  /// kNotFound; kInvalidInput for a folder.
  Status remove_file(const std::string& path) const;

 private:
  Folder(std::string root, io::Fd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
  std::string root_;
  io::Fd fd_;
};

/// A file that appears whole under its name, or not at all.
class NewFile {
 public:
  static Result<NewFile> create(const Folder& folder, const std::string& path);
  NewFile(NewFile&& other) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int descriptor() const { return fd_.get(); }
  /// kConflict when it is there and `overwrite` is false. Durable only with `sync`.
  Status commit(bool overwrite, bool sync);

 private:
  NewFile(io::Fd parent, io::Fd fd, std::string temporary, std::string name, std::string path)
      : parent_(std::move(parent)), fd_(std::move(fd)), temporary_(std::move(temporary)), name_(std::move(name)), path_(std::move(path)) {}
  io::Fd parent_;
  io::Fd fd_;
  std::string temporary_;
  std::string name_;
  std::string path_;
};

}  // namespace stoker::data
