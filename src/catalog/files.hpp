#pragma once
// The files of a run: what path holds which content. The bytes are in the object store under `object`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct RunFile {
  std::string path;  // relative, `/` between parts: "outputs/model.pkl"
  std::int64_t size_bytes = 0;
  Digest sha256;       // of the content
  Digest object;       // where the object store has it
  std::string origin;  // "outputs" | "logs": uploaded by the supervisor; "upload": by the script itself
  Time created_at;
};

struct PutFile {
  enum class Outcome { kStored, kUnchanged, kKeptUpload } outcome = Outcome::kStored;
  RunFile file;  // what the catalog holds now
};
/// An explicit upload wins over the automatic one of the same path: it replaces outputs and logs, and they never replace it (kKeptUpload).
/// Two uploads of one path with different content: kConflict. outputs and logs replace each other. kNotFound: the run.
Result<PutFile> put_file(db::Transaction& transaction, const RunId& run, const RunFile& file);
Result<std::optional<RunFile>> look_up_file(db::Connection& connection, const RunId& run, const std::string& path);
/// By path.
Result<std::vector<RunFile>> list_files(db::Connection& connection, const RunId& run);

}  // namespace stoker::catalog
