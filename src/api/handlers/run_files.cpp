#include "api/handlers/run_files.hpp"

#include <fmt/format.h>

#include "api/http/content.hpp"
#include "base/suggest.hpp"
#include "catalog/files.hpp"
#include "catalog/runs.hpp"
#include "io/file.hpp"
#include "io/url.hpp"
#include "runs/run_service.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kPiece = 256U << 10;
constexpr std::chrono::hours kLinkLife{1};

struct LogFile {
  std::string_view path;
  int stream;
};
/// The output of a run under the name that Azure ML gives it (spec 3).
constexpr LogFile kLogFile{"azureml-logs/70_driver_log.txt", logs::kAllStreams};

json::object file_record(const catalog::RunFile& file) {
  return {{"path", file.path},
          {"size_bytes", file.size_bytes},
          {"sha256", file.sha256.hex()},
          {"created_at", format_time(file.created_at)},
          {"origin", file.origin}};
}

Error no_file(const RunId& run, const std::string& path, const std::vector<catalog::RunFile>& files) {
  std::vector<std::string> names{std::string(kLogFile.path)};
  for (const auto& file : files) names.push_back(file.path);
  const auto near = did_you_mean(path, names);
  return Error(ErrorCode::kNotFound, fmt::format("run {} has no file \"{}\"", run.text(), path))
      .hint(near.empty() ? fmt::format("`stoker run files {}` lists them", run.text()) : near);
}

void add_links(const Call& call, const RunId& run, bool wanted, json::array& files) {
  const auto until = call.services.clock.now() + kLinkLife;
  for (auto& file : files) {
    auto& record = file.get_object();
    const std::string path(record.at("path").get_string());
    record["link"] = nullptr;
    if (wanted)
      record["link"] = fmt::format("{}/api/v1/runs/{}/files/{}?{}", call.services.info.url(), run.text(), io::percent_encode_path(path),
                                   call.services.tokens.link(run, path, until));
  }
}

io::Task<Result<Reply>> log_file_reply(Call& call, RunId run) {
  auto find = [run](db::Connection& connection) { return catalog::find_run(connection, run); };
  CO_CHECK_OK(co_await call.services.catalog.read(std::move(find)));
  auto& logs = call.services.logs;
  auto measure = [&logs, run] { return logs.size(run); };
  CO_TRY(const auto size, co_await io::blocking(call.services.pool, measure));
  Content content{.size = size, .path = std::string(kLogFile.path)};
  content.read = [&logs, run](std::uint64_t offset, std::size_t limit) { return logs.read(run, offset, limit); };
  co_return content_reply(call, std::move(content));
}

/// The body into the store, one piece at a time: the client waits while a piece is written.
io::Task<Result<snapshots::StoredFile>> store_body(Call& call) {
  std::shared_ptr<snapshots::FileWriter> writer = call.services.objects.new_file();
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
    if (filled == 0) break;
    auto write = [writer, piece] { return writer->write(*piece); };
    CO_CHECK_OK(co_await io::blocking(call.services.pool, write));
    if (filled < kPiece) break;
  }
  auto finish = [writer] { return writer->finish(); };
  co_return co_await io::blocking(call.services.pool, finish);
}

/// Before the body is read: what cannot end well is refused now.
io::Task<Status> check_put(Call& call, const PutFile::Input& input) {
  CO_CHECK_OK(io::check_relative_path(input.path));
  if (input.path == kLogFile.path)
    co_return Error(ErrorCode::kConflict, fmt::format("\"{}\" is the run's own output", input.path)).hint("give the file another name");
  if (input.sha256) CO_CHECK_OK(Digest::from_hex(*input.sha256));
  auto find = [run = input.run](db::Connection& connection) { return catalog::find_run(connection, run); };
  CO_CHECK_OK(co_await call.services.catalog.read(std::move(find)));
  co_return ok();
}

catalog::RunFile row_of(const PutFile::Input& input, const snapshots::StoredFile& stored, Time now) {
  catalog::RunFile file;
  file.path = input.path;
  file.size_bytes = static_cast<std::int64_t>(stored.size);
  file.sha256 = stored.sha256;
  file.object = stored.object;
  file.origin = input.origin;
  file.created_at = now;
  return file;
}

}  // namespace

const Spec<ListFiles::Input>& ListFiles::spec() {
  static const auto spec = Spec<Input>("Files of a run, with its output as a log file.")
                               .path("run", &Input::run, "the run's id")
                               .query("links", &Input::links, "with an address for each that needs no token, for an hour")
                               .answers(200, "Files");
  return spec;
}

io::Task<Result<json::object>> ListFiles::process(Call& call, Input input) {
  struct Found {
    Run run;
    std::vector<catalog::RunFile> files;
  };
  auto read = [id = input.run](db::Connection& connection) -> Result<Found> {
    Found found;
    TRY(found.run, catalog::find_run(connection, id));
    TRY(found.files, catalog::list_files(connection, id));
    return found;
  };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  auto& logs = call.services.logs;
  auto measure = [&logs, id = input.run] { return logs.size(id); };
  CO_TRY(const auto size, co_await io::blocking(call.services.pool, measure));
  json::array list;
  if (size > 0) {
    list.push_back({{"path", kLogFile.path},
                    {"size_bytes", size},
                    {"sha256", nullptr},
                    {"created_at", format_time(found.run.started_at.value_or(found.run.created_at))},
                    {"origin", "log"}});
  }
  for (const auto& file : found.files) list.push_back(file_record(file));
  add_links(call, input.run, input.links, list);
  co_return json::object{{"files", std::move(list)}};
}

const Spec<GetFile::Input>& GetFile::spec() {
  static const auto spec = Spec<Input>("A file's content. Range and If-None-Match are honoured.")
                               .path("run", &Input::run, "the run's id")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .query("until", &Input::until, "of a link: when it ends, in seconds since 1970")
                               .query("signature", &Input::signature, "of a link: in place of a token")
                               .answers(200, "application/octet-stream");
  return spec;
}

io::Task<Result<Reply>> GetFile::process(Call& call, Input input) {
  if (input.path == kLogFile.path) co_return co_await log_file_reply(call, input.run);
  auto read = [input](db::Connection& connection) -> Result<catalog::RunFile> {
    TRY(const auto file, catalog::look_up_file(connection, input.run, input.path));
    if (file) return *file;
    CHECK_OK(catalog::find_run(connection, input.run));
    TRY(const auto others, catalog::list_files(connection, input.run));
    return no_file(input.run, input.path, others);
  };
  CO_TRY(const auto file, co_await call.services.catalog.read(std::move(read)));
  Content content{.size = static_cast<std::uint64_t>(file.size_bytes), .etag = "\"" + file.sha256.hex() + "\"", .path = file.path};
  const snapshots::FileRef ref{file.object, content.size};
  content.read = [&objects = call.services.objects, ref](std::uint64_t offset, std::size_t limit) { return objects.read_file(ref, offset, limit); };
  co_return content_reply(call, std::move(content));
}

const Spec<PutFile::Input>& PutFile::spec() {
  static const auto spec =
      Spec<Input>("Stores a file. It is on disk when this answers.")
          .path("run", &Input::run, "the run's id")
          .path("path", &Input::path, "the file's path, slashes as they are")
          .header("X-Stoker-Origin", &Input::origin, "upload: by the user's own word, wins over the others; outputs, logs: collected",
                  {.choices = {"upload", "outputs", "logs"}})
          .header("X-Stoker-Sha256", &Input::sha256, "what the content must be, 64 hexadecimal digits", {.longest = 64})
          .stream("application/octet-stream")
          .answers(200, "StoredFile");
  return spec;
}

io::Task<Result<json::object>> PutFile::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_put(call, input));
  CO_TRY(const auto stored, co_await store_body(call));
  if (input.sha256 && *input.sha256 != stored.sha256.hex()) {
    co_return Error(ErrorCode::kInvalidInput, fmt::format("the content of \"{}\" is not what X-Stoker-Sha256 says", input.path))
        .because("it is " + stored.sha256.hex())
        .hint("send the file again");
  }
  auto write = [run = input.run, file = row_of(input, stored, call.services.clock.now())](db::Transaction& transaction) {
    return catalog::put_file(transaction, run, file);
  };
  CO_TRY(const auto put, co_await call.services.catalog.write(std::move(write)));
  CO_CHECK_OK(co_await call.services.runs.heard(input.run));
  call.services.runs.feed().notify(input.run);
  auto body = file_record(put.file);
  body["kept"] = put.outcome == catalog::PutFile::Outcome::kKeptUpload ? json::value("upload") : json::value(nullptr);
  co_return body;
}

}  // namespace stoker::api
