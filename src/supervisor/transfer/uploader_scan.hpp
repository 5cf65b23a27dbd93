#pragma once
// Finds the files of the script's special folders, and what may not be uploaded, without ever leaving them. Blocking.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::supervisor {

/// What tells whether a file has changed.
struct FileMark {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

struct FoundFile {
  std::string local;   // relative to the working directory, raw bytes
  std::string name;    // the same as the server calls it: UTF-8, other bytes as %XX
  std::string origin;  // outputs, logs
  FileMark mark;
};

struct Scan {
  std::vector<FoundFile> files;
  /// Local path → why it is not uploaded (a socket, a link out of the folder, unreadable …) or under which other name it is.
  std::map<std::string, std::string> remarks;
};

/// Both special folders of a working directory; one that is missing is empty. Links to files inside the working directory count as
/// the file; links to folders are not followed.
Scan scan_special_folders(const std::string& work);

/// A regular file below `work`, for reading; never outside, never waiting on a pipe.
Result<io::Fd> open_found_file(const std::string& work, const std::string& local);

/// Bytes that are not UTF-8, backslashes and NUL as %XX.
std::string name_for_server(const std::string& local);

}  // namespace stoker::supervisor
