#include "server/data_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/random.hpp"

namespace stoker::server {
namespace {

constexpr std::string_view kMagic = "stoker data ";

Error bad_location(std::string message, std::string hint) { return Error(ErrorCode::kDataLocation, std::move(message)).hint(std::move(hint)); }

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

Status check_location(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
    return bad_location(fmt::format("the data folder {} is not a folder", path), "name another one with --data or STOKER_DATA");
  if (auto made = io::make_directories(path); !made)
    return bad_location(fmt::format("the data folder {} cannot be made", path),
                        "name a folder on a local disk that you may write, with --data or STOKER_DATA")
        .because(made.error());
  TRY(const bool remote, io::is_network_file_system(path));
  if (remote) {
    return bad_location(fmt::format("the data folder {} lies on a network file system, where the catalog's locks cannot be trusted", path),
                        "set STOKER_DATA to a folder on a local disk");
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return bad_location(fmt::format("the data folder {} cannot be written", path),
                        "make it writable, or name another one with --data or STOKER_DATA");
  return ok();
}

Status check_version(const std::string& path) {
  const auto version_file = path + "/VERSION";
  if (!io::exists(version_file)) {
    TRY(auto names, io::list_directory(path));
    // A start that was killed before VERSION may have left its lock.
    std::erase(names, "lock");
    if (!names.empty()) {
      return Error(ErrorCode::kDataFormat,
                   fmt::format("{} is not a data folder of stoker: it has no VERSION file, and {} in it", path, names.front()))
          .hint("name an empty folder, or one that does not exist yet");
    }
    return io::write_file_atomically(version_file, fmt::format("{}{}\n", kMagic, kDataVersion));
  }
  TRY(const auto text, io::read_file(version_file, 4096));
  int version = 0;
  const bool ours = text.starts_with(kMagic);
  if (ours) std::from_chars(text.data() + kMagic.size(), text.data() + text.size(), version);
  if (version <= 0)
    return Error(ErrorCode::kDataFormat, fmt::format("{} does not say which version of stoker wrote the folder", version_file))
        .hint("restore the file from a backup");
  if (version > kDataVersion) {
    return Error(ErrorCode::kDataFormat,
                 fmt::format("the data folder {} was written by a newer stoker (data version {}, this one knows {})", path, version, kDataVersion))
        .hint("install that version; data formats go forward only");
  }
  return ok();
}

Result<std::string> value_in(const std::string& path, const std::string& fresh) {
  if (!io::exists(path)) CHECK_OK(io::write_file_atomically(path, fresh + "\n"));
  TRY(auto text, io::read_file(path, 4096));
  return trimmed(std::move(text));
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::string& path) {
  CHECK_OK(check_location(path));
  auto lock = io::FileLock::acquire(path + "/lock");
  if (!lock && lock.error().code() == ErrorCode::kDataBusy) {
    return Error(ErrorCode::kDataBusy, fmt::format("another server works on the data folder {}", path))
        .hint("use that one (`stoker server status`), end it (`stoker server stop`), or name another folder with --data");
  }
  if (!lock) return bad_location(fmt::format("the data folder {} cannot be written", path), "name a folder that you may write").because(lock.error());
  CHECK_OK(check_version(path));
  SystemRandom random;
  TRY(auto secret, token_in(path + "/secret"));
  TRY(auto instance, value_in(path + "/instance", new_guid(random)));
  return DataFolder(path, std::move(*lock), std::move(secret), std::move(instance));
}

Result<std::string> token_in(const std::string& path) {
  SystemRandom random;
  TRY(auto token, value_in(path, random.hex(32)));
  const bool good = token.size() >= 32 && token.size() <= 512 && std::ranges::all_of(token, [](char c) { return c > ' ' && c < 127; });
  if (!good)
    return Error(ErrorCode::kDataFormat, fmt::format("{} does not hold a token", path)).hint("remove the file; a new one is made at the next start");
  return token;
}

}  // namespace stoker::server
