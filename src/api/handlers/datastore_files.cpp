// The files of a datastore: list, read, write, delete, each below the datastore's folder.
#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#include "api/data_reach.hpp"
#include "api/handlers/data_records.hpp"
#include "api/handlers/datastores.hpp"
#include "api/http/content.hpp"
#include "data/folder.hpp"
#include "io/file.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kPiece = 256U << 10;

json::object file_record(const data::FoundFile& file) {
  return {{"path", file.path}, {"size_bytes", file.size}, {"modified_at", format_time(file.modified_at)}};
}

struct Page {
  json::array files;
  json::value next = nullptr;
};

/// Blocks. The whole list is made for each page; a page may be as long as the list.
Result<Page> list_page(const std::string& root, const std::string& pattern, const std::string& after, std::size_t limit) {
  TRY(const auto folder, data::Folder::open(root));
  TRY(const auto all, folder.find(pattern));
  Page page;
  for (auto at = std::ranges::upper_bound(all, after, {}, &data::FoundFile::path); at != all.end(); ++at) {
    if (page.files.size() == limit) {
      page.next = page.files.back().at("path");
      break;
    }
    page.files.push_back(file_record(*at));
  }
  return page;
}

struct OpenFile {
  io::Fd fd;
  std::uint64_t size = 0;
  std::string etag;
};

Result<std::shared_ptr<OpenFile>> open_file(const std::string& root, const std::string& path) {
  TRY(const auto folder, data::Folder::open(root));
  auto file = std::make_shared<OpenFile>();
  TRY(file->fd, folder.open_file(path));
  struct stat info{};
  if (::fstat(file->fd.get(), &info) != 0) return errno_error("cannot look at a file", errno);
  file->size = static_cast<std::uint64_t>(info.st_size);
  file->etag = fmt::format("\"{:x}-{:x}-{:x}\"", info.st_ino, info.st_size, info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec);
  return file;
}

/// The body into the new file, a piece at a time: the client waits while a piece is written.
io::Task<Status> store_body(Call& call, std::shared_ptr<data::NewFile> file) {
  auto piece = std::make_shared<std::string>();
  for (;;) {
    piece->resize(kPiece);
    std::size_t filled = 0;
    while (filled < kPiece) {
      CO_TRY(const auto count, co_await call.body.read(piece->data() + filled, kPiece - filled));
      if (count == 0) break;
      filled += count;
    }
    piece->resize(filled);
    if (filled == 0) co_return ok();
    auto write = [file, piece] { return io::write_all(file->descriptor(), *piece); };
    CO_CHECK_OK(co_await io::blocking(call.services.pool, write));
    if (filled < kPiece) co_return ok();
  }
}

}  // namespace

const Spec<ListDatastoreFiles::Input>& ListDatastoreFiles::spec() {
  static const auto spec = Spec<Input>("Files of a datastore, by path.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .query("pattern", &Input::pattern, "a file, a folder with all below it, or with *, ? and **; empty: all")
                               .query("limit", &Input::limit, "at most this many", {.low = 1, .high = 100'000})
                               .query("after", &Input::after, "`next` of the page before")
                               .answers(200, "DatastoreFiles");
  return spec;
}

io::Task<Result<json::object>> ListDatastoreFiles::process(Call& call, Input input) {
  while (input.pattern.starts_with('/')) input.pattern.erase(0, 1);
  while (input.pattern.ends_with('/')) input.pattern.pop_back();
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  CO_CHECK_OK(reach.check_read(input.name, input.pattern));
  if (!input.pattern.empty()) CO_CHECK_OK(io::check_relative_path(input.pattern));
  CO_TRY(const auto root, co_await datastore_folder(call, input.workspace, input.name));
  auto work = [root, input] { return list_page(root, input.pattern, input.after, static_cast<std::size_t>(input.limit)); };
  CO_TRY(auto page, co_await io::blocking(call.services.pool, std::move(work)));
  co_return json::object{{"files", std::move(page.files)}, {"next", std::move(page.next)}};
}

const Spec<GetDatastoreFile::Input>& GetDatastoreFile::spec() {
  static const auto spec = Spec<Input>("A file's content. Range and If-None-Match are honoured.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .answers(200, "application/octet-stream");
  return spec;
}

io::Task<Result<Reply>> GetDatastoreFile::process(Call& call, Input input) {
  CO_CHECK_OK(io::check_relative_path(input.path));
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  CO_CHECK_OK(reach.check_read(input.name, input.path));
  CO_TRY(const auto root, co_await datastore_folder(call, input.workspace, input.name));
  auto work = [root, path = input.path] { return open_file(root, path); };
  CO_TRY(const auto file, co_await io::blocking(call.services.pool, std::move(work)));
  Content content{.size = file->size, .etag = file->etag, .path = input.path};
  content.read = [file](std::uint64_t offset, std::size_t limit) { return io::read_at(file->fd.get(), offset, limit); };
  co_return content_reply(call, std::move(content));
}

const Spec<PutDatastoreFile::Input>& PutDatastoreFile::spec() {
  static const auto spec = Spec<Input>("Stores a file. It is on disk when this answers, and seen whole or not at all.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .query("overwrite", &Input::overwrite, "false: 409 where there is one (default true)")
                               .stream("application/octet-stream")
                               .answers(200, "DatastoreFile");
  return spec;
}

io::Task<Result<json::object>> PutDatastoreFile::process(Call& call, Input input) {
  CO_CHECK_OK(io::check_relative_path(input.path));
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  CO_CHECK_OK(reach.check_write(input.name, input.path));
  CO_TRY(const auto root, co_await datastore_folder(call, input.workspace, input.name));
  auto create = [root, path = input.path]() -> Result<std::shared_ptr<data::NewFile>> {
    TRY(const auto folder, data::Folder::open(root));
    TRY(auto file, data::NewFile::create(folder, path));
    return std::make_shared<data::NewFile>(std::move(file));
  };
  CO_TRY(const auto file, co_await io::blocking(call.services.pool, std::move(create)));
  CO_CHECK_OK(co_await store_body(call, file));
  auto commit = [root, file, input]() -> Result<data::FoundFile> {
    struct stat info{};
    if (::fstat(file->descriptor(), &info) != 0) return errno_error("cannot look at a file", errno);
    CHECK_OK(file->commit(input.overwrite, true));
    return data::FoundFile{.path = input.path,
                           .size = static_cast<std::uint64_t>(info.st_size),
                           .modified_at = from_micros(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000)};
  };
  CO_TRY(const auto stored, co_await io::blocking(call.services.pool, std::move(commit)));
  co_return file_record(stored);
}

const Spec<DeleteDatastoreFile::Input>& DeleteDatastoreFile::spec() {
  static const auto spec = Spec<Input>("Deletes a file.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteDatastoreFile::process(Call& call, Input input) {
  CO_TRY(const auto root, co_await datastore_folder(call, input.workspace, input.name));
  auto work = [root, path = input.path]() -> Status {
    TRY(const auto folder, data::Folder::open(root));
    return folder.remove_file(path);
  };
  CO_CHECK_OK(co_await io::blocking(call.services.pool, std::move(work)));
  co_return no_content();
}

}  // namespace stoker::api
