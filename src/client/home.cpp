#include "client/home.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/random.hpp"
#include "io/file.hpp"

extern char** environ;

namespace stoker::client {
namespace {

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto whole = std::filesystem::absolute(path, error).lexically_normal().string();
  const auto text = error ? path : whole;
  return text.size() > 1 && text.back() == '/' ? text.substr(0, text.size() - 1) : text;
}

/// The path itself, or the nearest folder above it that exists.
std::string existing_part(std::string path) {
  while (!io::exists(path) && path.size() > 1) path = std::filesystem::path(path).parent_path().string();
  return path.empty() ? "/" : path;
}

Error open_to_others(const std::string& path, unsigned mode) {
  return Error(ErrorCode::kForbidden, fmt::format("{} is open to other users (mode {:o})", path, mode & 07777))
      .because("it holds the token and the data of your server")
      .hint(fmt::format("chmod {} {}", S_ISDIR(mode) ? "700" : "600", path));
}

Status check_owner(const std::string& path, unsigned open_bits) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return errno_error(fmt::format("cannot look at {}", path), errno);
  if (status.st_uid != ::geteuid()) {
    return Error(ErrorCode::kForbidden, fmt::format("{} belongs to another user (uid {})", path, status.st_uid))
        .hint("name a folder of your own in STOKER_HOME");
  }
  if ((status.st_mode & open_bits) != 0) return open_to_others(path, status.st_mode);
  return ok();
}

std::string trimmed(std::string text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  return end == std::string::npos ? "" : text.substr(0, end + 1);
}

/// Made under another name and linked into place, so that nobody ever reads half of it and the first of many wins.
Status make_token(const Home& home) {
  SystemRandom random;
  const auto temporary = fmt::format("{}.{}", home.token_file(), random.hex(8));
  TRY(auto file, io::open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600));
  auto written = io::write_all(file.get(), random.hex(32) + "\n");
  if (written) written = io::sync_file(file.get());
  if (written && ::link(temporary.c_str(), home.token_file().c_str()) != 0 && errno != EEXIST) {
    written = errno_error(fmt::format("cannot make {}", home.token_file()), errno);
  }
  ::unlink(temporary.c_str());
  return written;
}

}  // namespace

Variables own_variables() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string variable(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? "" : found->second;
}

Result<Home> locate_home(const Variables& variables) {
  Home home;
  const auto named = variable(variables, "STOKER_HOME");
  const auto user = variable(variables, "HOME");
  if (named.empty() && user.empty()) {
    return Error(ErrorCode::kInvalidInput, "neither STOKER_HOME nor HOME is set").hint("export STOKER_HOME=/some/folder/of/yours");
  }
  home.directory = absolute(named.empty() ? user + "/.stoker" : named);
  const auto data = variable(variables, "STOKER_DATA");
  home.data_directory = data.empty() ? home.directory + "/data" : absolute(data);
  return home;
}

Status prepare_home(const Home& home) {
  if (!io::exists(home.directory)) CHECK_OK(io::make_directories(home.directory, 0700));
  return check_owner(home.directory, 0077);
}

Status check_data_location(const Home& home) {
  const auto place = existing_part(home.data_directory);
  TRY(const bool is_network, io::is_network_file_system(place));
  if (!is_network) return ok();
  return Error(ErrorCode::kDataLocation, fmt::format("{} is on a network file system", home.data_directory))
      .because("the catalog's locks cannot be trusted there")
      .hint("put the data on a disk of this machine: export STOKER_DATA=/var/tmp/stoker-$USER");
}

Result<std::string> read_token(const Home& home) {
  auto text = io::read_file(home.token_file(), 4096);
  if (!text) {
    return Error(ErrorCode::kUnauthenticated, fmt::format("there is no token in {}", home.token_file()))
        .hint("`stoker server start` makes one; for another server set STOKER_URL and STOKER_TOKEN");
  }
  CHECK_OK(check_owner(home.token_file(), 0077));
  auto token = trimmed(std::move(*text));
  if (token.empty())
    return Error(ErrorCode::kUnauthenticated, fmt::format("{} is empty", home.token_file()))
        .hint("remove it, then `stoker server start` makes a new one");
  return token;
}

Result<std::string> read_or_make_token(const Home& home) {
  if (!io::exists(home.token_file())) CHECK_OK(make_token(home));
  return read_token(home);
}

std::optional<ServerRecord> read_server_record(const Home& home) {
  const auto text = io::read_file(home.record_file(), 65536);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value || !value->is_object()) return std::nullopt;
  std::vector<Mistake> mistakes;
  ServerRecord record;
  {
    FieldReader fields(*value, "", mistakes);
    fields.ignore_unknown();
    record.url = fields.text("url");
    record.instance = fields.text("instance", "");
    record.host = fields.text("host", "");
    record.version = fields.text("version", "");
    record.process.boot_id = fields.text("boot_id", "");
    record.process.pid = static_cast<pid_t>(fields.integer("pid", 0, 1LL << 30, 0));
    record.process.start_time = static_cast<std::uint64_t>(fields.integer("start_time", 0, INT64_MAX, 0));
  }
  if (!mistakes.empty() || record.url.empty()) return std::nullopt;
  return record;
}

Status write_server_record(const Home& home, const ServerRecord& record) {
  const json::object body{{"url", record.url},
                          {"pid", static_cast<std::int64_t>(record.process.pid)},
                          {"start_time", static_cast<std::int64_t>(record.process.start_time)},
                          {"boot_id", record.process.boot_id},
                          {"host", record.host},
                          {"instance", record.instance},
                          {"version", record.version}};
  return io::write_file_atomically(home.record_file(), json::serialize(body) + "\n", 0600);
}

std::uint16_t kept_port(const Home& home) {
  const auto text = io::read_file(home.port_file(), 64);
  std::uint16_t port = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), port);
  return port;
}

Status keep_port(const Home& home, std::uint16_t port) { return io::write_file_atomically(home.port_file(), fmt::format("{}\n", port), 0600); }

std::string log_tail(const Home& home, std::uint64_t from, std::size_t count) {
  constexpr std::uint64_t kMost = 64 << 10;
  auto file = io::open_file(home.log_file(), O_RDONLY);
  if (!file) return "";
  const auto size = io::file_size(file->get());
  if (!size || *size <= from || count == 0) return "";
  auto text = io::read_at(file->get(), std::max(from, *size > kMost ? *size - kMost : 0), kMost);
  if (!text) return "";
  *text = trimmed(std::move(*text));
  std::size_t begin = text->size();
  for (std::size_t line = 0; line < count && begin != std::string::npos; ++line)
    begin = begin == 0 ? std::string::npos : text->rfind('\n', begin - 1);
  return begin == std::string::npos ? *text : text->substr(begin + 1);
}

}  // namespace stoker::client
