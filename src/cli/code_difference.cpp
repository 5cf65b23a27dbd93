#include "cli/code_difference.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/output/unified_diff.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kMostBytes = 1U << 20;

struct FileChange {
  std::string path;
  bool in_a = true, in_b = true;
};

std::vector<FileChange> changes_of(const json::object& files) {
  std::vector<FileChange> changes;
  const auto add = [&](std::string_view field, bool in_a, bool in_b) {
    for (const auto& path : client::array_of(files, field)) changes.push_back({client::shown(path), in_a, in_b});
  };
  add("changed", true, true);
  add("added", false, true);
  add("removed", true, false);
  std::ranges::sort(changes, {}, &FileChange::path);
  return changes;
}

/// One side's text; nullopt when there is none to compare.
Result<std::optional<std::string>> text_of(client::Client& client, const SnapshotId& snapshot, const std::string& path, bool is_there) {
  if (!is_there) return std::optional<std::string>("");
  auto content = client.snapshot_file(snapshot, path, kMostBytes);
  if (!content) {
    const auto code = content.error().code();
    if (code == ErrorCode::kInputTooLarge || code == ErrorCode::kUnsupported) return std::optional<std::string>();
    return content.error();
  }
  if (is_binary(*content)) return std::optional<std::string>();
  return std::optional<std::string>(std::move(*content));
}

}  // namespace

Result<std::string> code_difference(client::Client& client, const SnapshotId& a, const SnapshotId& b, const json::object& files) {
  std::string text;
  for (const auto& file : changes_of(files)) {
    TRY(const auto before, text_of(client, a, file.path, file.in_a));
    TRY(const auto after, text_of(client, b, file.path, file.in_b));
    const auto from = file.in_a ? "a/" + file.path : std::string("/dev/null");
    const auto to = file.in_b ? "b/" + file.path : std::string("/dev/null");
    text += fmt::format("diff --git a/{0} b/{0}\n", file.path);
    if (!before || !after) text += fmt::format("Files {} and {} differ\n", from, to);
    else if (*before == *after) text += "only what may be done with the file differs\n";
    else text += fmt::format("--- {}\n+++ {}\n{}", from, to, unified_diff(*before, *after));
  }
  return text;
}

}  // namespace stoker::cli
