#include "api/handlers/snapshots.hpp"

#include <cstring>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "api/http/content.hpp"
#include "api/pack_transfer.hpp"
#include "api/router.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kQuestionBytes = 8U << 20;
constexpr std::uint64_t kPackBytes = 4ULL << 30;

/// A snapshot's id that is none cannot be there.
Result<Digest> digest_of(const SnapshotId& id) {
  auto digest = Digest::from_hex(id.text());
  if (!digest)
    return Error(ErrorCode::kNotFound, fmt::format("there is no snapshot \"{}\"", id.text())).hint("the id of a snapshot has 64 hexadecimal digits");
  return digest;
}

Result<std::vector<Digest>> split(std::string_view bytes) {
  if (bytes.size() % kDigestBytes != 0)
    return Error(ErrorCode::kInvalidInput, fmt::format("the body must be digests of {} bytes each", kDigestBytes));
  std::vector<Digest> digests(bytes.size() / kDigestBytes);
  for (std::size_t i = 0; i < digests.size(); ++i) std::memcpy(digests[i].bytes.data(), bytes.data() + i * kDigestBytes, kDigestBytes);
  return digests;
}

std::string join(const std::vector<Digest>& digests) {
  std::string bytes;
  bytes.reserve(digests.size() * kDigestBytes);
  for (const auto& digest : digests) bytes.append(reinterpret_cast<const char*>(digest.bytes.data()), kDigestBytes);
  return bytes;
}

json::object file_record(const snapshots::TreeFile& file) {
  const auto sha256 = file.sha256();
  json::object record;
  record["path"] = file.path;
  record["size_bytes"] = file.size;
  record["mode"] = file.link ? "120000" : file.executable ? "100755" : "100644";
  record["sha256"] = sha256 ? json::value(sha256->hex()) : json::value(nullptr);
  record["link"] = json_or_null(file.link);
  return record;
}

json::array names(const std::vector<std::string>& paths) {
  json::array list;
  list.reserve(paths.size());
  for (const auto& path : paths) list.emplace_back(path);
  return list;
}

/// Ends the writer's work whichever way the reader goes.
struct PackReading {
  explicit PackReading(std::shared_ptr<PackPipe> pipe) : pipe(std::move(pipe)) {}
  ~PackReading() { pipe->leave(); }
  PackReading(const PackReading&) = delete;
  PackReading& operator=(const PackReading&) = delete;
  std::shared_ptr<PackPipe> pipe;
  std::string first;
};

io::Task<Status> send_pack(std::shared_ptr<PackReading> reading, ReplySink& sink) {
  auto bytes = std::exchange(reading->first, {});
  while (!bytes.empty()) {
    CO_CHECK_OK(co_await sink.write(bytes));
    CO_TRY(bytes, co_await reading->pipe->next());
  }
  co_return ok();
}

}  // namespace

const Spec<FindMissing::Input>& FindMissing::spec() {
  static const auto spec = Spec<Input>("Which of these objects the server lacks.")
                               .stream("application/octet-stream")
                               .answers(200, "application/octet-stream", "digests of 32 bytes, in the order of the question");
  return spec;
}

io::Task<Result<Reply>> FindMissing::process(Call& call, Input) {
  CO_TRY(const auto body, co_await read_body(call.body, kQuestionBytes));
  CO_TRY(const auto digests, split(body));
  auto ask = [&objects = call.services.objects, digests] { return objects.missing(digests); };
  const auto missing = co_await io::blocking(call.services.pool, ask);
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.body = join(missing);
  co_return reply;
}

const Spec<AddPack::Input>& AddPack::spec() {
  static const auto spec = Spec<Input>("Takes over a pack of objects: each is verified, all are on disk when this answers.")
                               .stream("application/octet-stream")
                               .answers(200, "PackStats");
  return spec;
}

io::Task<Result<json::object>> AddPack::process(Call& call, Input) {
  auto& services = call.services;
  CO_TRY(const auto body, co_await SpooledBody::receive(call.body, services.pool, services.spool_directory, kPackBytes));
  auto add = [&objects = services.objects, &body] {
    const auto reader = body.reader();
    return objects.add_pack(*reader);
  };
  CO_TRY(const auto stats, co_await io::blocking(services.pool, add));
  co_return json::object{{"objects", stats.objects}, {"bytes", stats.bytes}, {"new_objects", stats.new_objects}};
}

const Spec<CommitSnapshot::Input>& CommitSnapshot::spec() {
  static const auto spec = Spec<Input>("Makes a root a snapshot, when everything below it is there.")
                               .json_field("root", &Input::root, "digest of the root tree, 64 hexadecimal digits", {.longest = 64})
                               .required()
                               .answers(201, "SnapshotInfo");
  return spec;
}

io::Task<Result<json::object>> CommitSnapshot::process(Call& call, Input input) {
  CO_TRY(const auto root, Digest::from_hex(input.root));
  auto commit = [&objects = call.services.objects, root] { return objects.commit(root); };
  CO_TRY(const auto info, co_await io::blocking(call.services.pool, commit));
  co_return json::object{{"id", info.root.hex()}, {"files", info.files}, {"bytes", info.bytes}};
}

const Spec<GetSnapshot::Input>& GetSnapshot::spec() {
  static const auto spec =
      Spec<Input>("The files of a snapshot, by path.").path("snapshot", &Input::snapshot, "the snapshot's id").answers(200, "Snapshot");
  return spec;
}

io::Task<Result<Reply>> GetSnapshot::process(Call& call, Input input) {
  CO_TRY(const auto root, digest_of(input.snapshot));
  auto list = [&objects = call.services.objects, root]() -> Result<std::string> {
    TRY(const auto files, objects.list(root));
    json::array records;
    records.reserve(files.size());
    for (const auto& file : files) records.push_back(file_record(file));
    return json::serialize(json::object{{"id", root.hex()}, {"files", std::move(records)}});
  };
  CO_TRY(auto text, co_await io::blocking(call.services.pool, list));
  Reply reply;
  reply.body = std::move(text);
  co_return reply;
}

const Spec<GetPack::Input>& GetPack::spec() {
  static const auto spec = Spec<Input>("A pack with all objects of a snapshot, trees first.")
                               .path("snapshot", &Input::snapshot, "the snapshot's id")
                               .answers(200, "application/octet-stream");
  return spec;
}

io::Task<Result<Reply>> GetPack::process(Call& call, Input input) {
  CO_TRY(const auto root, digest_of(input.snapshot));
  // A pack's head is written before its root is looked up, so the root is asked for first: unknown is an answer, not a broken stream.
  auto ask = [&objects = call.services.objects, root] { return objects.missing(std::span(&root, 1)); };
  const auto missing = co_await io::blocking(call.services.pool, ask);
  if (!missing.empty()) co_return Error(ErrorCode::kNotFound, fmt::format("there is no snapshot \"{}\"", input.snapshot.text()));
  const auto pipe = std::make_shared<PackPipe>(call.services.loop);
  const auto reading = std::make_shared<PackReading>(pipe);
  boost::asio::post(call.transfers.executor(), [pipe, root, &objects = call.services.objects] { pipe->end(objects.write_pack(root, *pipe)); });
  CO_TRY(reading->first, co_await pipe->next());
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.stream = [reading](ReplySink& sink) { return send_pack(reading, sink); };
  co_return reply;
}

const Spec<GetSnapshotFile::Input>& GetSnapshotFile::spec() {
  static const auto spec = Spec<Input>("A file of a snapshot.")
                               .path("snapshot", &Input::snapshot, "the snapshot's id")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .answers(200, "application/octet-stream");
  return spec;
}

io::Task<Result<Reply>> GetSnapshotFile::process(Call& call, Input input) {
  CO_TRY(const auto root, digest_of(input.snapshot));
  auto& objects = call.services.objects;
  auto find = [&objects, root, path = input.path] { return objects.find(root, path); };
  CO_TRY(const auto file, co_await io::blocking(call.services.pool, find));
  if (file.link)
    co_return Error(ErrorCode::kUnsupported, fmt::format("\"{}\" is a symbolic link to \"{}\"", input.path, *file.link))
        .hint("ask for the file that it names");
  Content content{.size = file.size, .etag = "\"" + file.object.hex() + "\"", .path = file.path};
  content.read = [&objects, ref = file.ref()](std::uint64_t offset, std::size_t limit) { return objects.read_file(ref, offset, limit); };
  co_return content_reply(call, std::move(content));
}

const Spec<DiffSnapshots::Input>& DiffSnapshots::spec() {
  static const auto spec = Spec<Input>("What changed from one snapshot to the other.")
                               .path("snapshot", &Input::snapshot, "the older snapshot's id")
                               .path("other", &Input::other, "the newer snapshot's id")
                               .answers(200, "Difference");
  return spec;
}

io::Task<Result<json::object>> DiffSnapshots::process(Call& call, Input input) {
  CO_TRY(const auto from, digest_of(input.snapshot));
  CO_TRY(const auto to, digest_of(input.other));
  auto compare = [&objects = call.services.objects, from, to] { return objects.diff(from, to); };
  CO_TRY(const auto difference, co_await io::blocking(call.services.pool, compare));
  co_return json::object{{"added", names(difference.added)}, {"removed", names(difference.removed)}, {"changed", names(difference.changed)}};
}

}  // namespace stoker::api
