#pragma once
// The one data folder of a server: checked, locked and versioned before anything in it is opened.
//   VERSION   "stoker data 1"       lock      held while a server works on it (flock)
//   secret    key of signed tokens  instance  GUID of this data, told to clients and supervisors
//   token     the owner's token (a personal server keeps it in STOKER_HOME instead)
//   catalog.sqlite  snapshots/  logs/  metrics/  targets/

#include <string>

#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::server {

inline constexpr int kDataVersion = 1;

class DataFolder {
 public:
  /// Makes it when it is not there. kDataLocation: network file system, read-only, not a folder. kDataBusy: another server has
  /// it. kDataFormat: of a newer version, or a folder with other things in it.
  static Result<DataFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& secret() const { return secret_; }
  const std::string& instance() const { return instance_; }

 private:
  DataFolder(std::string path, io::FileLock lock, std::string secret, std::string instance)
      : path_(std::move(path)), lock_(std::move(lock)), secret_(std::move(secret)), instance_(std::move(instance)) {}

  std::string path_;
  io::FileLock lock_;
  std::string secret_;
  std::string instance_;
};

/// The token in the file at `path`, made (64 hexadecimal digits, mode 0600) when there is none.
Result<std::string> token_in(const std::string& path);

}  // namespace stoker::server
