#include "data/dataset_files.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace stoker::data {
namespace {

struct Part {
  DataSource source;
  std::string base;  // the folder below which names begin
  std::vector<FoundFile> files;
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// `https://host:80/a/b?c` → `host/a/b`
std::string name_of_url(const std::string& url) {
  auto rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const auto slash = rest.find('/');
  auto host = rest.substr(0, slash);
  host = host.substr(host.find('@') == std::string::npos ? 0 : host.find('@') + 1);
  host = host.substr(0, host.find(':'));
  auto path = slash == std::string::npos ? std::string() : rest.substr(slash + 1);
  while (path.ends_with('/')) path.pop_back();
  return host + "/" + (path.empty() ? "index.html" : path);
}

std::string common_folder(const std::string& a, const std::string& b) {
  std::size_t same = 0;
  for (std::size_t at = 0;;) {
    const auto end_a = std::min(a.find('/', at), a.size());
    const auto end_b = std::min(b.find('/', at), b.size());
    if (end_a != end_b || at >= a.size() || a.compare(at, end_a - at, b, at, end_b - at) != 0) break;
    same = end_a;
    if (end_a == a.size() || end_b == b.size()) break;
    at = end_a + 1;
  }
  return a.substr(0, same);
}

Result<Part> find_part(const DataSource& source, std::map<std::string, Folder>& folders) {
  auto at = folders.find(source.root);
  if (at == folders.end()) {
    TRY(auto folder, Folder::open(source.root));
    at = folders.emplace(source.root, std::move(folder)).first;
  }
  Part part{.source = source, .base = fixed_part(source.path), .files = {}};
  TRY(part.files, at->second.find(source.path));
  if (part.files.empty()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("there is no file \"{}\" in the datastore {}", source.path.empty() ? "**" : source.path, source.datastore))
        .hint(fmt::format("`stoker datastore files {}` lists what is there", source.datastore));
  }
  if (part.files.size() == 1 && part.files.front().path == source.path) part.base = folder_of(source.path);
  return part;
}

std::string name_in(const std::string& base, const std::string& path) { return base.empty() ? path : path.substr(base.size() + 1); }

}  // namespace

Result<DatasetFiles> find_files(const std::vector<DataSource>& sources) {
  DatasetFiles result;
  std::map<std::string, Folder> folders;
  std::vector<Part> parts;
  for (const auto& source : sources) {
    if (source.root.empty()) {
      result.files.push_back({.name = name_of_url(source.path), .source = source, .size = 0, .modified_at = {}});
      continue;
    }
    TRY(auto part, find_part(source, folders));
    parts.push_back(std::move(part));
  }
  const bool is_shared = result.files.empty() && folders.size() <= 1;
  std::string base = parts.empty() ? "" : parts.front().base;
  for (const auto& part : parts) base = common_folder(base, part.base);
  for (const auto& part : parts) {
    for (const auto& file : part.files) {
      const auto name = is_shared ? name_in(base, file.path) : part.source.datastore + "/" + file.path;
      result.files.push_back(
          {.name = name, .source = {part.source.datastore, part.source.root, file.path}, .size = file.size, .modified_at = file.modified_at});
    }
  }
  std::ranges::sort(result.files, {}, [](const DatasetFile& file) { return std::tie(file.name, file.source.path); });
  const auto doubled = std::ranges::unique(result.files, {}, &DatasetFile::name);
  result.files.erase(doubled.begin(), doubled.end());
  result.is_single = sources.size() == 1 && parts.size() == 1 && result.files.size() == 1 && result.files.front().source.path == sources.front().path;
  return result;
}

}  // namespace stoker::data
