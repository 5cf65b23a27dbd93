#include "catalog/files.hpp"

#include <fmt/format.h>

#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

struct StoredFile {
  RunFile file;
  bool good = true;
};

StoredFile read_file(const db::Row& row) {
  StoredFile stored;
  auto& file = stored.file;
  file.path = row.text("path");
  file.size_bytes = row.integer("size_bytes");
  const auto sha256 = Digest::from_hex(row.borrowed_text("sha256"));
  const auto object = Digest::from_hex(row.borrowed_text("object"));
  stored.good = sha256.has_value() && object.has_value();
  if (stored.good) {
    file.sha256 = *sha256;
    file.object = *object;
  }
  file.origin = row.text("origin");
  file.created_at = row.time("created_at");
  return stored;
}

Error damaged(const std::string& path) {
  return {ErrorCode::kSnapshotCorrupt, fmt::format("the catalog is damaged: the file {} has no digest", path)};
}

Status store(db::Transaction& transaction, const RunId& run, const RunFile& file) {
  TRY(const auto changed, transaction.connection().execute(
                              "put_file", {run, file.path, file.size_bytes, file.sha256.hex(), file.object.hex(), file.origin, file.created_at}));
  if (changed == 1) return ok();
  return find_run(transaction, run).error();
}

}  // namespace

Result<std::optional<RunFile>> look_up_file(db::Connection& connection, const RunId& run, const std::string& path) {
  TRY(auto found, connection.read_one("find_file", {run, path}, read_file));
  if (!found) return std::optional<RunFile>();
  if (!found->good) return damaged(path);
  return std::optional<RunFile>(std::move(found->file));
}

Result<std::vector<RunFile>> list_files(db::Connection& connection, const RunId& run) {
  TRY(auto stored, connection.read_all("list_files", {run}, read_file));
  std::vector<RunFile> files;
  files.reserve(stored.size());
  for (auto& one : stored) {
    if (!one.good) return damaged(one.file.path);
    files.push_back(std::move(one.file));
  }
  return files;
}

Result<PutFile> put_file(db::Transaction& transaction, const RunId& run, const RunFile& file) {
  using enum PutFile::Outcome;
  TRY(auto old, look_up_file(transaction, run, file.path));
  const bool explicit_now = file.origin == "upload";
  const bool explicit_before = old && old->origin == "upload";
  const bool same = old && old->sha256 == file.sha256 && old->size_bytes == file.size_bytes;
  if (same && (explicit_before || !explicit_now)) return PutFile{kUnchanged, std::move(*old)};
  if (explicit_before && !explicit_now) return PutFile{kKeptUpload, std::move(*old)};
  if (explicit_before && explicit_now) {
    return Error(ErrorCode::kConflict, fmt::format("the run has a file \"{}\" with other content", file.path))
        .hint("upload it under another name; what was uploaded stays as it is");
  }
  CHECK_OK(store(transaction, run, file));
  return PutFile{kStored, file};
}

}  // namespace stoker::catalog
