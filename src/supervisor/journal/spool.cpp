#include "supervisor/journal/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include <boost/asio/post.hpp>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "io/file.hpp"

namespace stoker::supervisor {
namespace {

// A file name has at most 255 bytes, and a run's id alone may have 256.
constexpr std::size_t kMaxName = 200;
constexpr std::string_view kHalfMade = ".new-";
constexpr std::string_view kGone = ".gone-";

std::string folder_name(const std::string& key) {
  if (key.size() <= kMaxName) return key;
  return key.substr(0, kMaxName - 20) + "~" + sha256(key).hex().substr(0, 16);
}

// Not synced: what a power cut takes from an attempt's beginning is an attempt whose processes are gone too.
Status write_whole(const std::string& path, std::string_view text) {
  const auto half = path + ".new";
  {
    TRY(const auto file, io::open_file(half, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    CHECK_OK(io::write_all(file.get(), text));
  }
  if (std::rename(half.c_str(), path.c_str()) != 0) return errno_error(fmt::format("cannot write {}", path), errno);
  return ok();
}

json::value process_to_json(const io::ProcessIdentity& process) {
  return {{"boot_id", process.boot_id}, {"pid", process.pid}, {"start_time", process.start_time}};
}

io::ProcessIdentity read_process(const json::value* value, const std::string& path, std::vector<Mistake>& mistakes) {
  io::ProcessIdentity process;
  if (value == nullptr) return process;
  FieldReader fields(*value, path, mistakes);
  process.boot_id = fields.text("boot_id");
  process.pid = static_cast<pid_t>(fields.integer("pid", 0, INT32_MAX));
  process.start_time = static_cast<std::uint64_t>(fields.integer("start_time", 0, INT64_MAX));
  return process;
}

Result<protocol::StartMessage> read_start(const std::string& path) {
  TRY(const auto text, io::read_file(path));
  TRY(const auto value, parse_json(text));
  TRY(auto message, protocol::parse_message(value));
  if (auto* start = std::get_if<protocol::StartMessage>(&message)) return std::move(*start);
  return Error(ErrorCode::kDataFormat, fmt::format("{} is not a start message", path));
}

}  // namespace

Spool::Spool(const std::string& slot_dir, const RunId& run, int attempt)
    : spool_dir_(slot_dir + "/spool"), key_(protocol::attempt_key(run, attempt)), name_(folder_name(key_)), path_(spool_dir_ + "/" + name_) {}

Status Spool::create(const protocol::StartMessage& start) const {
  const auto half = spool_dir_ + "/" + std::string(kHalfMade) + name_;
  CHECK_OK(io::remove_tree(half));
  CHECK_OK(io::make_directories(half + "/work"));
  CHECK_OK(write_whole(half + "/start.json", json::serialize(protocol::to_json(protocol::Message(start)))));
  if (std::rename(half.c_str(), path_.c_str()) != 0) return errno_error(fmt::format("cannot make the spool folder {}", path_), errno);
  return ok();
}

Status Spool::make_special_folders() const {
  for (const auto& folder : {outputs(), logs()}) {
    if (::mkdir(folder.c_str(), 0755) == 0) continue;
    struct stat info{};
    if (errno == EEXIST && ::lstat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
    if (errno != EEXIST && !io::exists(folder)) return errno_error(fmt::format("cannot make the folder {}", folder), errno);
    const auto name = folder.substr(folder.rfind('/') + 1);
    return Error(ErrorCode::kSourceInvalid, fmt::format("the source folder holds a file named {}", name))
        .because(fmt::format("./{} must be a folder: its files are kept with the run", name))
        .hint("rename the file, or leave it out by .amlignore");
  }
  return ok();
}

Status Spool::write_identity(const SpoolIdentity& identity) const {
  json::object body;
  body["boot_id"] = identity.boot_id;
  body["supervisor"] = process_to_json(identity.supervisor);
  body["keeper"] = process_to_json(identity.keeper);
  body["main"] = identity.main ? process_to_json(*identity.main) : json::value(nullptr);
  body["groups"] = json::value_from(identity.groups);
  return write_whole(identity_file(), json::serialize(body));
}

std::optional<SpoolIdentity> Spool::read_identity() const {
  const auto text = io::read_file(identity_file());
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value) return std::nullopt;
  SpoolIdentity identity;
  std::vector<Mistake> mistakes;
  {
    FieldReader fields(*value, "", mistakes);
    identity.boot_id = fields.text("boot_id");
    identity.supervisor = read_process(fields.child("supervisor"), "supervisor", mistakes);
    identity.keeper = read_process(fields.child("keeper"), "keeper", mistakes);
    if (const auto* main = fields.child("main")) identity.main = read_process(main, "main", mistakes);
    identity.groups = fields.texts("groups");
  }
  if (!mistakes.empty()) return std::nullopt;
  return identity;
}

io::Task<Status> Spool::discard(io::Pool& pool) const {
  const auto gone = spool_dir_ + "/" + std::string(kGone) + name_;
  if (std::rename(path_.c_str(), gone.c_str()) != 0) co_return errno_error(fmt::format("cannot remove {}", path_), errno);
  auto work = [gone] {
    const auto removed = io::remove_tree(gone);
    if (!removed) log::warning("supervisor", "spool not removed", {{"cause", removed.error().to_line()}});
  };
  io::asio::post(pool.executor(), std::move(work));
  co_return ok();
}

Result<std::vector<protocol::StartMessage>> Spool::leftovers(const std::string& slot_dir) {
  std::vector<protocol::StartMessage> found;
  const auto spool_dir = slot_dir + "/spool";
  CHECK_OK(io::make_directories(spool_dir));
  TRY(const auto names, io::list_directory(spool_dir));
  for (const auto& name : names) {
    const auto folder = spool_dir + "/" + name;
    if (name.starts_with('.')) {
      CHECK_OK(io::remove_tree(folder));
      continue;
    }
    auto start = read_start(folder + "/start.json");
    if (start) found.push_back(std::move(*start));
    else log::error("supervisor", "a spool folder cannot be read and stays", {{"folder", folder}, {"cause", start.error().to_line()}});
  }
  return found;
}

}  // namespace stoker::supervisor
