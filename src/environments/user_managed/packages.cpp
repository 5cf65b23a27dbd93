#include "environments/user_managed/packages.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>

#include "base/json.hpp"
#include "io/file.hpp"

namespace stoker::environments {
namespace {

// Name and Version stand in the first lines; a long description follows.
constexpr std::size_t kHead = 4096;
constexpr std::size_t kMostFolders = 256;
constexpr std::size_t kMostPackages = 20'000;

/// PEP 503: `Foo.Bar` and `foo_bar` are one package.
std::string normal_name(std::string_view name) {
  std::string normal;
  for (const char c : name) {
    const bool is_mark = c == '-' || c == '_' || c == '.';
    if (is_mark && normal.ends_with('-')) continue;
    normal += is_mark ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return normal;
}

std::string head_of(const std::string& path) {
  const auto file = io::open_file(path, O_RDONLY);
  auto text = file ? io::read_at(file->get(), 0, kHead) : Result<std::string>(std::string());
  return text ? std::move(*text) : std::string();
}

/// `scikit_learn-1.3.0.dist-info`, `six-1.16.0-py3.9.egg-info`: what the name says where the file does not.
Package from_folder_name(std::string_view stem) {
  const auto dash = stem.find('-');
  Package package{std::string(stem.substr(0, dash)), {}};
  if (dash == std::string_view::npos) return package;
  const auto rest = stem.substr(dash + 1);
  package.version = rest.substr(0, rest.find('-'));
  return package;
}

Package read_package(const std::string& folder, std::string_view entry, bool is_dist_info) {
  const auto path = folder + "/" + std::string(entry);
  auto head = head_of(path + (is_dist_info ? "/METADATA" : "/PKG-INFO"));
  if (head.empty() && !is_dist_info) head = head_of(path);  // an .egg-info may be a file
  auto package = read_metadata_head(head);
  const auto named = from_folder_name(entry.substr(0, entry.rfind('.')));
  if (package.name.empty()) package.name = named.name;
  if (package.version.empty()) package.version = named.version;
  return {to_valid_utf8(package.name), to_valid_utf8(package.version)};
}

std::vector<Package> read_folder(const std::string& folder) {
  std::vector<Package> found;
  const auto names = io::list_directory(folder);
  if (!names) return found;
  for (const auto& name : *names) {
    const bool is_dist_info = name.ends_with(".dist-info");
    if (!is_dist_info && !name.ends_with(".egg-info")) continue;
    auto package = read_package(folder, name, is_dist_info);
    // pip renames what it is about to replace to "~ame".
    if (!package.name.empty() && package.name.front() != '~') found.push_back(std::move(package));
  }
  return found;
}

/// What folders held, by their time of change: installing and removing writes into the folder itself.
class Folders {
 public:
  std::vector<Package> read(const std::string& folder) {
    struct stat info{};
    if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return {};
    const Stamp stamp{info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ino};
    {
      const std::lock_guard lock(mutex_);
      if (const auto at = known_.find(folder); at != known_.end() && at->second.first == stamp) return at->second.second;
    }
    auto packages = read_folder(folder);
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostFolders) known_.clear();
    known_[folder] = {stamp, packages};
    return packages;
  }

 private:
  using Stamp = std::tuple<std::int64_t, std::int64_t, ino_t>;
  std::mutex mutex_;
  std::map<std::string, std::pair<Stamp, std::vector<Package>>> known_;
};

}  // namespace

Package read_metadata_head(std::string_view text) {
  Package package;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;  // the description
    for (const auto& [field, to] : {std::pair<std::string_view, std::string*>("Name: ", &package.name), {"Version: ", &package.version}})
      if (line.starts_with(field) && to->empty()) *to = line.substr(field.size());
  }
  return package;
}

std::vector<Package> packages_in(const std::vector<std::string>& folders) {
  static Folders known;
  std::map<std::string, Package> by_name;
  for (const auto& folder : folders) {
    for (auto& package : known.read(folder)) {
      if (by_name.size() < kMostPackages) by_name.emplace(normal_name(package.name), std::move(package));
    }
  }
  std::vector<Package> sorted;
  sorted.reserve(by_name.size());
  for (auto& [name, package] : by_name) sorted.push_back(std::move(package));
  return sorted;
}

}  // namespace stoker::environments
