#include "client/connect.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include <fmt/format.h>

#include "io/file.hpp"
#include "io/http_client.hpp"
#include "io/process.hpp"

namespace stoker::client {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPause{5};
constexpr std::size_t kShownLogLines = 8;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

Result<Endpoint> named_server(const Variables& variables, std::string url) {
  while (url.ends_with('/')) url.pop_back();
  const auto token = variable(variables, "STOKER_TOKEN");
  if (token.empty()) {
    return Error(ErrorCode::kUnauthenticated, "STOKER_URL is set and STOKER_TOKEN is not")
        .hint("export STOKER_TOKEN, or unset STOKER_URL to use your own server on this machine");
  }
  return Endpoint{.url = std::move(url), .token = token, .is_own = false};
}

Error nobody_there(const Home& home) {
  return Error(ErrorCode::kServerUnreachable, fmt::format("no server is running for {}", home.directory))
      .hint("`stoker server start` starts it; `stoker run submit` does so by itself");
}

/// Everything that one call of connect() needs; the steps read top-down in `find_or_start`.
class Starter {
 public:
  Starter(const Variables& variables, const ConnectOptions& options, Home home)
      : variables_(variables), options_(options), home_(std::move(home)), until_(Clock::now() + options.patience) {}

  Result<Endpoint> find_or_start() {
    if (const auto record = running()) return endpoint(*record, false);
    CHECK_OK(may_start());
    CHECK_OK(prepare_home(home_));
    CHECK_OK(check_data_location(home_));
    auto lock = wait_for_lock();
    if (!lock) return lock.error();
    // Who waited finds the server of the one who won.
    if (const auto record = running()) return endpoint(*record, false);
    CHECK_OK(wait_for_former());
    if (const auto record = running()) return endpoint(*record, false);
    CHECK_OK(may_start());
    CHECK_OK(read_or_make_token(home_));
    TRY(const auto record, start());
    return endpoint(record, true);
  }

 private:
  std::optional<ServerRecord> running() {
    auto record = read_server_record(home_);
    if (record && answers(record->url, record->instance)) return record;
    return std::nullopt;
  }

  Result<Endpoint> endpoint(const ServerRecord& record, bool was_started) {
    TRY(auto token, read_token(home_));
    return Endpoint{.url = record.url, .token = std::move(token), .is_own = true, .was_started = was_started};
  }

  Status may_start() {
    const auto record = read_server_record(home_);
    if (options_.start == Start::kNever || (options_.start == Start::kAfterCrash && !record)) return nobody_there(home_);
    if (!variable(variables_, "STOKER_ATTEMPT").empty()) {
      // It would be a process of the run, and end with it.
      return nobody_there(home_).because("this is inside a run, which starts no server").hint("start it outside: `stoker server start`");
    }
    if (!record || record->process.boot_id == io::boot_id() || record->host.empty() || record->host == host_name()) return ok();
    const auto is_shared = io::is_network_file_system(home_.directory);
    if (!is_shared || !*is_shared) return ok();
    return Error(ErrorCode::kServerUnreachable, fmt::format("the server of {} runs on another machine, {}", home_.directory, record->host))
        .hint(fmt::format(
            "work there, or set STOKER_URL and STOKER_TOKEN to reach it, or another STOKER_HOME for this machine; if {} is gone, remove {}",
            record->host, home_.record_file()));
  }

  Result<io::FileLock> wait_for_lock() {
    // The winner has its own patience; ours begins when it gives up.
    const auto until = until_ + options_.patience;
    for (;;) {
      auto lock = io::FileLock::acquire(home_.lock_file());
      if (lock) until_ = Clock::now() + options_.patience;
      if (lock || lock.error().code() != ErrorCode::kDataBusy || Clock::now() > until) return lock;
      std::this_thread::sleep_for(kPause);
    }
  }

  /// A server that stops just now still has the data folder and the port; one that hangs is told, not doubled.
  Status wait_for_former() {
    for (;;) {
      const auto record = read_server_record(home_);
      if (!record || !io::is_alive(record->process) || answers(record->url, record->instance)) return ok();
      if (Clock::now() > until_) {
        return Error(ErrorCode::kServerUnreachable,
                     fmt::format("the server (pid {}) is there and does not answer at {}", record->process.pid, record->url))
            .hint(fmt::format("look into {}; `kill -9 {}` ends it, no run is harmed", home_.log_file(), record->process.pid));
      }
      std::this_thread::sleep_for(kPause * 10);
    }
  }

  Result<ServerRecord> start() {
    const auto port = kept_port(home_);
    auto record = start_on(port);
    const bool is_taken = !record && port != 0 && record.error().cause().find(info(ErrorCode::kAddressInUse).slug) != std::string::npos;
    if (!is_taken) return record;
    say(fmt::format("port {} is taken by another program, so the server picks a new one", port));
    return start_on(0);
  }

  Result<ServerRecord> start_on(std::uint16_t port) {
    TRY(auto log, io::open_file(home_.log_file(), O_WRONLY | O_CREAT | O_APPEND, 0600));
    TRY(const auto log_begin, io::file_size(log.get()));
    io::SpawnOptions child;
    child.arguments = {options_.program.empty() ? io::own_executable() : options_.program,
                       "server",
                       "--personal",
                       "--data",
                       home_.data_directory,
                       "--listen",
                       fmt::format("127.0.0.1:{}", port)};
    child.environment = server_environment(variables_, home_);
    child.working_directory = home_.directory;
    child.standard_output = child.standard_error = log.get();
    TRY(const pid_t pid, io::spawn(child));
    return wait_until_ready(pid, log_begin);
  }

  Result<ServerRecord> wait_until_ready(pid_t pid, std::uint64_t log_begin) {
    for (auto until = Clock::now() + options_.patience;; std::this_thread::sleep_for(kPause)) {
      if (auto record = read_server_record(home_); record && record->process.pid == pid && answers(record->url, record->instance)) {
        say(fmt::format("started the server at {} (data in {}); it stays, `stoker server stop` ends it", record->url, home_.data_directory));
        return std::move(*record);
      }
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) == pid) return not_started("it ended at once", log_begin);
      if (Clock::now() > until)
        return not_started(fmt::format("it was not ready within {} s (pid {})", options_.patience.count() / 1000, pid), log_begin);
    }
  }

  Error not_started(const std::string& why, std::uint64_t log_begin) {
    const auto tail = log_tail(home_, log_begin, kShownLogLines);
    return Error(ErrorCode::kServerStart, "the server could not be started")
        .because(tail.empty() ? why : fmt::format("{}; the last lines of {}:\n{}", why, home_.log_file(), tail))
        .hint(fmt::format("`stoker server --data {}` runs it in the foreground", home_.data_directory));
  }

  void say(const std::string& line) {
    if (options_.say) options_.say(line);
  }

  const Variables& variables_;
  const ConnectOptions& options_;
  Home home_;
  Clock::time_point until_;
};

}  // namespace

Result<std::string> server_instance(const std::string& url) {
  io::HttpOptions options;
  options.url = url;
  options.connect_timeout = std::chrono::seconds(1);
  options.read_timeout = std::chrono::seconds(3);
  TRY(auto http, io::HttpClient::create(std::move(options)));
  TRY(const auto body, http.call("GET", "/healthz"));
  const auto* instance = body.is_object() ? body.get_object().if_contains("instance") : nullptr;
  if (instance == nullptr || !instance->is_string()) return Error(ErrorCode::kProtocol, fmt::format("what answers at {} is no stoker server", url));
  return std::string(instance->get_string());
}

bool answers(const std::string& url, const std::string& instance) {
  const auto answered = server_instance(url);
  return answered && (instance.empty() || *answered == instance);
}

std::vector<std::string> server_environment(const Variables& variables, const Home& home) {
  constexpr std::array<std::string_view, 13> kNames = {"PATH",         "HOME", "USER",   "LOGNAME",         "SHELL",           "LANG",
                                                       "LANGUAGE",     "TZ",   "TMPDIR", "XDG_RUNTIME_DIR", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                                                       "UBSAN_OPTIONS"};
  // Access, and the marks of a run that this client may be part of: its supervisor ends whatever carries them.
  constexpr std::array<std::string_view, 6> kNever = {"STOKER_URL",    "STOKER_TOKEN",   "STOKER_SOCKET",
                                                      "STOKER_RUN_ID", "STOKER_ATTEMPT", "STOKER_HOME"};
  std::vector<std::string> environment = {"STOKER_HOME=" + home.directory};
  for (const auto& [name, value] : variables) {
    const bool is_ours = name.starts_with("STOKER_") && std::ranges::find(kNever, name) == kNever.end();
    if (is_ours || name.starts_with("LC_") || std::ranges::find(kNames, name) != kNames.end()) environment.push_back(name + "=" + value);
  }
  return environment;
}

Result<Endpoint> connect(const Variables& variables, const ConnectOptions& options) {
  if (auto url = variable(variables, "STOKER_URL"); !url.empty()) return named_server(variables, std::move(url));
  TRY(auto home, locate_home(variables));
  return Starter(variables, options, std::move(home)).find_or_start();
}

}  // namespace stoker::client
