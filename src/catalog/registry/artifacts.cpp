#include "catalog/registry/artifacts.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

/// Above every text.
constexpr std::string_view kLast = "\xF4\x8F\xBF\xBF";
constexpr std::size_t kBatch = 1000;
/// So many rows of one folder are read before the rest of it is stepped over.
constexpr int kPatience = 16;

struct Stored {
  Artifact artifact;
  bool good = true;
};

Stored read_artifact(const db::Row& row) {
  Stored stored;
  auto& artifact = stored.artifact;
  artifact.path = row.text("path");
  artifact.size_bytes = row.integer("size_bytes");
  const auto sha256 = Digest::from_hex(row.borrowed_text("sha256"));
  const auto object = Digest::from_hex(row.borrowed_text("object"));
  stored.good = sha256.has_value() && object.has_value();
  if (stored.good) {
    artifact.sha256 = *sha256;
    artifact.object = *object;
  }
  artifact.created_at = row.time("created_at");
  return stored;
}

Error damaged(const std::string& path) {
  return {ErrorCode::kSnapshotCorrupt, fmt::format("the catalog is damaged: the file {} has no digest", path)};
}

std::string_view owner_of(const ArtifactPlace& place) { return place.run ? place.run->text() : place.workspace.text(); }

struct Bounds {
  std::string from, before;
};
/// Of what lies in a folder: `a/` to `a0`, as `0` comes after `/`.
Bounds below(const std::string& folder) {
  if (folder.empty()) return {"", std::string(kLast)};
  return {folder + "/", folder + "0"};
}

/// One run over the rows of a folder; `next` is where the following one begins, empty at the end.
class FolderReader {
 public:
  FolderReader(std::string prefix, std::vector<ArtifactEntry>& out) : prefix_(std::move(prefix)), out_(out) {}

  bool take(const db::Row& row) {
    ++seen_;
    const auto path = row.borrowed_text("path");
    const auto rest = path.substr(prefix_.size());
    const auto slash = rest.find('/');
    next = std::string(path) + '\1';  // no path has a NUL, so nothing lies between
    if (slash == std::string_view::npos) {
      out_.push_back({std::string(rest), false, row.integer("size_bytes")});
      return true;
    }
    const auto name = rest.substr(0, slash);
    if (name != folder_) {
      folder_ = name;
      patience_ = kPatience;
      out_.push_back({folder_, true, 0});
    }
    if (--patience_ > 0) return true;
    next = prefix_ + folder_ + "0";
    stepped_ = true;
    return false;
  }
  bool is_done() const { return seen_ < kBatch && !stepped_; }
  void begin() {
    seen_ = 0;
    stepped_ = false;
    patience_ = kPatience;
  }
  std::string next;

 private:
  std::string prefix_, folder_;
  std::vector<ArtifactEntry>& out_;
  std::size_t seen_ = 0;
  int patience_ = kPatience;
  bool stepped_ = false;
};

/// Characters, not bytes: that is what SQL's substr counts.
std::int64_t characters_in(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

Status check_room(db::Connection& connection, const ArtifactPlace& place) {
  auto above = place;
  for (auto slash = place.path.find('/'); slash != std::string::npos; slash = place.path.find('/', slash + 1)) {
    above.path = place.path.substr(0, slash);
    TRY(const auto file, look_up_artifact(connection, above));
    if (file) return Error(ErrorCode::kInvalidInput, fmt::format("Cannot store '{}': '{}' is a file.", place.path, above.path));
  }
  const auto bounds = below(place.path);
  const auto* list = place.run ? "list_artifacts_of_run" : "list_artifacts";
  TRY(const auto inside,
      connection.read_one(list, {owner_of(place), bounds.from, bounds.before, 1}, [](const db::Row& row) { return row.text("path"); }));
  if (inside) return Error(ErrorCode::kInvalidInput, fmt::format("Cannot store '{}': it is a directory.", place.path));
  return ok();
}

}  // namespace

Result<ArtifactPlace> place_artifact(db::Connection& connection, const WorkspaceId& workspace, std::string_view path) {
  ArtifactPlace whole{workspace, std::nullopt, std::string(path)};
  const auto first = path.find('/');
  const auto second = first == std::string_view::npos ? first : path.find('/', first + 1);
  if (second == std::string_view::npos) return whole;
  std::int64_t number = 0;
  const auto parsed = std::from_chars(path.data(), path.data() + first, number);
  if (parsed.ec != std::errc() || parsed.ptr != path.data() + first) return whole;
  constexpr std::string_view kArtifacts = "artifacts";
  auto rest = path.substr(second + 1);
  if (!rest.starts_with(kArtifacts) || (rest.size() > kArtifacts.size() && rest[kArtifacts.size()] != '/')) return whole;
  const auto id = path.substr(first + 1, second - first - 1);
  TRY(const auto run, connection.read_one("find_run_of_artifact", {workspace, number, id}, [](const db::Row& row) { return RunId(row.text("id")); }));
  if (!run) return whole;
  rest.remove_prefix(std::min(rest.size(), kArtifacts.size() + 1));
  return ArtifactPlace{workspace, *run, std::string(rest)};
}

Result<std::string> artifact_root_of(db::Connection& connection, const WorkspaceId& workspace, const RunId& run) {
  struct Found {
    std::int64_t number;
    std::string workspace;
  };
  TRY(const auto found,
      connection.read_one("find_artifact_place", {run}, [](const db::Row& row) { return Found{row.integer("number"), row.text("workspace_id")}; }));
  if (!found || found->workspace != workspace.text())
    return Error(ErrorCode::kNotFound, fmt::format("Run with id={} not found", to_valid_utf8(run.text())));
  return fmt::format("{}/{}/artifacts", found->number, run.text());
}

Result<std::optional<Artifact>> look_up_artifact(db::Connection& connection, const ArtifactPlace& place) {
  const auto* statement = place.run ? "find_artifact_of_run" : "find_artifact";
  TRY(auto found, connection.read_one(statement, {owner_of(place), place.path}, read_artifact));
  if (!found) return std::optional<Artifact>();
  if (!found->good) return damaged(place.path);
  return std::optional(std::move(found->artifact));
}

Result<std::vector<ArtifactEntry>> list_artifacts(db::Connection& connection, const ArtifactPlace& folder) {
  std::vector<ArtifactEntry> entries;
  const auto* statement = folder.run ? "list_artifacts_of_run" : "list_artifacts";
  auto [from, before] = below(folder.path);
  FolderReader reader(from, entries);
  for (;;) {
    reader.begin();
    CHECK_OK(connection.visit(statement, {owner_of(folder), from, before, kBatch}, [&reader](const db::Row& row) { return reader.take(row); }));
    if (reader.is_done()) break;
    from = reader.next;
  }
  std::ranges::sort(entries);
  return entries;
}

Result<std::vector<Artifact>> artifacts_at(db::Connection& connection, const ArtifactPlace& place, std::size_t limit) {
  std::vector<Artifact> all;
  TRY(auto file, place.path.empty() ? Result<std::optional<Artifact>>(std::nullopt) : look_up_artifact(connection, place));
  if (file) {
    all.push_back(std::move(*file));
    return all;
  }
  const auto bounds = below(place.path);
  const auto* statement = place.run ? "list_artifacts_of_run" : "list_artifacts";
  TRY(auto stored, connection.read_all(statement, {owner_of(place), bounds.from, bounds.before, limit + 1}, read_artifact));
  if (stored.size() > limit) return Error(ErrorCode::kInputTooLarge, fmt::format("\"{}\" holds more than {} files", place.path, limit));
  all.reserve(stored.size());
  for (auto& one : stored) {
    if (!one.good) return damaged(one.artifact.path);
    all.push_back(std::move(one.artifact));
  }
  return all;
}

Status put_artifact(db::Transaction& transaction, const ArtifactPlace& place, const Artifact& artifact) {
  CHECK_OK(check_room(transaction, place));
  const auto* statement = place.run ? "put_artifact_of_run" : "put_artifact";
  TRY(const auto changed, transaction.connection().execute(statement, {owner_of(place), place.path, artifact.size_bytes, artifact.sha256.hex(),
                                                                       artifact.object.hex(), artifact.created_at}));
  if (changed == 1) return ok();
  return Error(ErrorCode::kNotFound, "what the file belongs to is gone");
}

Status remove_artifacts(db::Transaction& transaction, const ArtifactPlace& place) {
  if (place.path.empty()) return Error(ErrorCode::kInvalidInput, "Invalid path: the root of artifacts cannot be deleted");
  const auto bounds = below(place.path);
  CHECK_OK(transaction.connection().execute(place.run ? "remove_artifacts_of_run" : "remove_artifacts",
                                            {owner_of(place), place.path, bounds.from, bounds.before}));
  return ok();
}

Result<std::int64_t> copy_artifacts_of_run(db::Transaction& transaction, const ArtifactPlace& from, const std::string& to, Time now) {
  if (!from.run) return Error(ErrorCode::kInternal, "only files of a run are copied");
  const auto bounds = below(from.path);
  const auto start = from.path.empty() ? to + "/" : to;
  return transaction.connection().execute("copy_artifacts_of_run",
                                          {*from.run, from.workspace, from.path, bounds.from, bounds.before, start, characters_in(from.path), now});
}

Result<std::int64_t> move_artifacts(db::Transaction& transaction, const ArtifactPlace& from, const std::string& to) {
  auto path = from.path;
  while (path.ends_with('/')) path.pop_back();
  const auto bounds = below(path);
  return transaction.connection().execute("move_artifacts", {from.workspace, path, bounds.from, bounds.before, to, characters_in(path)});
}

}  // namespace stoker::catalog
