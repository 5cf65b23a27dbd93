#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/random.hpp"
#include "base/suggest.hpp"
#include "base/units.hpp"
#include "cli/commands/commands.hpp"
#include "cli/output/progress.hpp"
#include "client/records.hpp"
#include "io/file.hpp"

namespace stoker::cli {
namespace {

struct RemoteFile {
  std::string path, sha256;
  std::uint64_t size = 0;
};

std::vector<RemoteFile> read_files(const json::object& record) {
  std::vector<RemoteFile> files;
  for (const auto& item : client::array_of(record, "files")) {
    if (!item.is_object()) continue;
    const auto& file = item.get_object();
    files.push_back(
        {client::text_of(file, "path"), client::text_of(file, "sha256"), static_cast<std::uint64_t>(client::integer_of(file, "size_bytes"))});
  }
  return files;
}

/// The file's digest; nullopt when it cannot be read to its end.
std::optional<std::string> digest_of(int fd) {
  constexpr std::size_t kPiece = 1 << 20;
  Sha256 hash;
  for (std::uint64_t offset = 0;;) {
    const auto piece = io::read_at(fd, offset, kPiece);
    if (!piece) return std::nullopt;
    if (piece->empty()) return hash.finish().hex();
    hash.update(std::string_view(*piece));
    offset += piece->size();
  }
}

class RunDownload final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.operands("PATH", paths_, "only these files, or what lies in these folders", Values::kAny, false);
    arguments.text("-o,--output", "DIR", directory_, "into this folder (default: one named like the run)", Values::kFolder);
    arguments.flag("--force", force_, "replace files that are there with other content");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    id_ = client::run_id(run);
    TRY(const auto record, client.files(id_));
    TRY(const auto files, chosen(read_files(record)));
    if (directory_.empty()) directory_ = id_.text();
    CHECK_OK(io::make_directories(directory_, 0777));
    TRY(root_, io::open_file(directory_, O_RDONLY | O_DIRECTORY));
    json::array records;
    ProgressLine progress(context.err);
    for (const auto& file : files) total_ += file.size;
    for (const auto& file : files) {
      TRY(const bool was_there, fetch(client, file, progress));
      records.push_back({{"path", file.path}, {"size_bytes", file.size}, {"was_there", was_there}});
    }
    progress.clear();
    if (context.as_json) context.print(json::object{{"run_id", id_.text()}, {"directory", directory_}, {"files", std::move(records)}});
    else tell(context, files.size());
    return 0;
  }

 private:
  Result<std::vector<RemoteFile>> chosen(std::vector<RemoteFile> all) {
    if (paths_.empty()) return all;
    std::vector<RemoteFile> kept;
    std::vector<std::string> names;
    for (const auto& file : all) names.push_back(file.path);
    for (auto path : paths_) {
      while (path.ends_with('/')) path.pop_back();
      const auto is_meant = [&](const RemoteFile& file) { return file.path == path || file.path.starts_with(path + "/"); };
      const auto before = kept.size();
      std::ranges::copy_if(all, std::back_inserter(kept), is_meant);
      if (kept.size() == before) {
        const auto near = did_you_mean(path, names);
        return Error(ErrorCode::kNotFound, fmt::format("run {} has no file {}", id_.text(), path))
            .hint(near.empty() ? fmt::format("`stoker run files {}` lists them", id_.text()) : near);
      }
    }
    return kept;
  }

  /// True when the very content was there already.
  Result<bool> fetch(client::Client& client, const RemoteFile& file, ProgressLine& progress) {
    CHECK_OK(io::check_relative_path(file.path));
    const auto present = io::open_beneath(root_.get(), file.path, O_RDONLY);
    if (present) {
      if (!file.sha256.empty() && digest_of(present->get()) == file.sha256) {
        done_ += file.size;
        return true;
      }
      // A log has no digest while it grows; what is here is an older part of the same.
      if (!force_ && !file.sha256.empty())
        return Error(ErrorCode::kConflict, fmt::format("{}/{} is there with other content", directory_, file.path))
            .hint("--force replaces it, -o DIR downloads elsewhere");
    }
    const auto temporary = fmt::format("{}.{}.part", file.path, SystemRandom().hex(4));
    auto written = write_to(client, file, temporary, progress);
    if (written && ::renameat(root_.get(), temporary.c_str(), root_.get(), file.path.c_str()) != 0)
      written = errno_error(fmt::format("cannot name {}/{}", directory_, file.path), errno);
    if (!written) {
      ::unlinkat(root_.get(), temporary.c_str(), 0);
      return Error(written.error()).at(fmt::format("while downloading {}", file.path));
    }
    return false;
  }

  Status write_to(client::Client& client, const RemoteFile& file, const std::string& temporary, ProgressLine& progress) {
    TRY(const auto target, io::create_beneath(root_.get(), temporary, O_WRONLY | O_CREAT | O_EXCL, 0666));
    Sha256 hash;
    const auto take = [&](std::string_view bytes) -> Status {
      hash.update(bytes);
      done_ += bytes.size();
      progress.show("download", done_, total_, fmt::format("{} of {}", format_bytes(done_), format_bytes(total_)));
      return io::write_all(target.get(), bytes);
    };
    CHECK_OK(client.download(id_, file.path, take));
    if (!file.sha256.empty() && hash.finish().hex() != file.sha256)
      return Error(ErrorCode::kSnapshotCorrupt, fmt::format("what came of {} is not what the record says", file.path)).retryable();
    return ok();
  }

  void tell(Context& context, std::size_t count) const {
    if (count == 0) return context.say("the run has no files");
    context.out.line(directory_);
    context.say(fmt::format("{} {}, {}", count, count == 1 ? "file" : "files", format_bytes(total_)));
  }

  std::string run_, directory_;
  std::vector<std::string> paths_;
  bool force_ = false;
  RunId id_;
  io::Fd root_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_run_download() { return std::make_unique<RunDownload>(); }

}  // namespace stoker::cli
