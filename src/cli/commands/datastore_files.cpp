// `stoker datastore upload` and `download`: files between this machine and a datastore.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/units.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/datastore_command.hpp"
#include "cli/output/progress.hpp"
#include "io/file.hpp"

namespace stoker::cli {
namespace {

struct LocalFile {
  std::string path, name;  // here, and below what was named
  std::uint64_t size = 0;
};

/// Regular files below a folder, or the one file. Links are left out.
Status collect(const std::string& path, const std::string& name, std::vector<LocalFile>& files) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return errno_error(fmt::format("cannot look at {}", path), errno);
  if (S_ISREG(info.st_mode)) files.push_back({path, name, static_cast<std::uint64_t>(info.st_size)});
  if (!S_ISDIR(info.st_mode)) return ok();
  TRY(const auto names, io::list_directory(path));
  for (const auto& child : names) CHECK_OK(collect(path + "/" + child, name.empty() ? child : name + "/" + child, files));
  return ok();
}

std::string trimmed(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

class DatastoreUpload final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the datastore", Values::kDatastore);
    arguments.operand("PATH", path_, "a file, or a folder whose content is uploaded", Values::kFile);
    arguments.text("-t,--target", "PATH", target_, "into this folder of the datastore (default: its root)");
    arguments.flag("--overwrite", overwrite_, "replace files that are there; else they are left alone");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
    std::vector<LocalFile> files;
    struct stat info{};
    const bool is_folder = ::stat(path_.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    CHECK_OK(collect(path_, is_folder ? "" : path_.substr(path_.rfind('/') + 1), files));
    if (files.empty()) return Error(ErrorCode::kNotFound, fmt::format("there are no files in {}", path_));
    TRY(auto client, context.connect());
    TRY(const auto target, target_of(client));
    ProgressLine progress(context.err);
    std::uint64_t total = 0, done = 0, kept = 0;
    for (const auto& file : files) total += file.size;
    for (const auto& file : files) {
      TRY(const bool was_there, put(client, target, file));
      kept += was_there ? 1 : 0;
      done += file.size;
      progress.show("upload", done, total, fmt::format("{} of {}", format_bytes(done), format_bytes(total)));
    }
    progress.clear();
    const auto sent = files.size() - kept;
    if (context.as_json) context.print(json::object{{"uploaded", sent}, {"left_alone", kept}});
    else
      context.say(fmt::format("{} {} uploaded{}", sent, sent == 1 ? "file" : "files",
                              kept == 0 ? "" : fmt::format(", {} were there; --overwrite replaces them", kept)));
    return 0;
  }

 private:
  Result<bool> put(client::Client& client, const std::string& target, const LocalFile& file) const {
    TRY(const auto fd, io::open_file(file.path, O_RDONLY));
    const auto folder = trimmed(target_);
    const auto place = folder.empty() ? file.name : folder + "/" + file.name;
    const auto stored =
        client.put_file(fmt::format("{}/files/{}?overwrite={}", target, io::percent_encode_path(place), overwrite_), fd.get(), file.size);
    if (stored) return false;
    if (stored.error().code() == ErrorCode::kConflict && !overwrite_) return true;
    return Error(stored.error()).at(fmt::format("while uploading {}", file.path));
  }

  std::string path_, target_;
  bool overwrite_ = false;
};

class DatastoreDownload final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the datastore", Values::kDatastore);
    arguments.operand("PATTERN", pattern_, "a file, a folder with all below it, or with *, ? and ** (default: everything)", Values::kAny, false);
    arguments.text("-o,--output", "DIR", directory_, "into this folder (default: one named like the datastore)", Values::kFolder);
    arguments.flag("--overwrite", overwrite_, "replace files that are there; else they are left alone");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto target, target_of(client));
    TRY(const auto files, list_files(client, trimmed(pattern_)));
    if (files.empty())
      return Error(ErrorCode::kNotFound, fmt::format("the datastore {} has no such files", name_))
          .hint(fmt::format("`stoker datastore files {}`", name_));
    if (directory_.empty()) directory_ = name_;
    CHECK_OK(io::make_directories(directory_, 0777));
    TRY(root_, io::open_file(directory_, O_RDONLY | O_DIRECTORY));
    ProgressLine progress(context.err);
    std::uint64_t total = 0, done = 0, kept = 0;
    for (const auto& file : files) total += file.size;
    for (const auto& file : files) {
      TRY(const bool was_there, fetch(client, target, file));
      kept += was_there ? 1 : 0;
      done += file.size;
      progress.show("download", done, total, fmt::format("{} of {}", format_bytes(done), format_bytes(total)));
    }
    progress.clear();
    const auto came = files.size() - kept;
    if (context.as_json) context.print(json::object{{"directory", directory_}, {"downloaded", came}, {"left_alone", kept}});
    else
      context.say(fmt::format("{} {} in {}{}", came, came == 1 ? "file" : "files", directory_,
                              kept == 0 ? "" : fmt::format(", {} were there; --overwrite replaces them", kept)));
    return 0;
  }

 private:
  Result<bool> fetch(client::Client& client, const std::string& target, const File& file) {
    CHECK_OK(io::check_relative_path(file.path));
    if (!overwrite_ && io::open_beneath(root_.get(), file.path, O_RDONLY)) return true;
    const auto temporary = fmt::format("{}.{}.part", file.path, SystemRandom().hex(4));
    const auto part = io::create_beneath(root_.get(), temporary, O_WRONLY | O_EXCL, 0666);
    if (!part) return part.error();
    auto written = client.fetch(fmt::format("{}/files/{}", target, io::percent_encode_path(file.path)),
                                [&](std::string_view bytes) { return io::write_all(part->get(), bytes); });
    if (written && ::renameat(root_.get(), temporary.c_str(), root_.get(), file.path.c_str()) != 0)
      written = errno_error(fmt::format("cannot name {}/{}", directory_, file.path), errno);
    if (written) return false;
    ::unlinkat(root_.get(), temporary.c_str(), 0);
    return Error(written.error()).at(fmt::format("while downloading {}", file.path));
  }

  std::string pattern_, directory_;
  bool overwrite_ = false;
  io::Fd root_;
};

}  // namespace

std::unique_ptr<Command> make_datastore_upload() { return std::make_unique<DatastoreUpload>(); }
std::unique_ptr<Command> make_datastore_download() { return std::make_unique<DatastoreDownload>(); }

}  // namespace stoker::cli
