#include "server/server.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "api/http/http_server.hpp"
#include "api/router.hpp"
#include "base/log.hpp"
#include "client/home.hpp"
#include "io/signals.hpp"
#include "mlflow/face.hpp"
#include "server/data_folder.hpp"
#include "server/version.hpp"
#include "targets/target.hpp"

namespace stoker::server {
namespace {

/// Every object of a server, in the order in which they are made; they go in the reverse order.
class Server {
 public:
  explicit Server(const ServerOptions& options) : options_(options), pool_(std::max(4U, std::thread::hardware_concurrency())) {}

  Status open();
  /// Listens, serves, and ends with the first signal or request to stop.
  io::Task<Status> serve();
  io::Loop& loop() { return loop_; }

 private:
  Status open_stores();
  Status make_runs();
  Status make_api();
  Result<std::unique_ptr<targets::Target>> make_local_target();
  Status announce();
  void withdraw() const;
  io::Task<Result<bool>> snapshot_exists(SnapshotId id);

  const ServerOptions& options_;
  SystemClock clock_;
  SystemRandom random_;
  io::Loop loop_{1};
  io::Pool pool_;                   // disk, SQL, hashing
  std::optional<DataFolder> data_;  // holds the lock: first in, last out
  client::Home home_;               // of a personal server
  std::string token_place_;
  std::unique_ptr<snapshots::ObjectStore> objects_;
  std::unique_ptr<logs::LogStore> logs_;
  std::unique_ptr<metrics::MetricStore> metrics_;
  std::unique_ptr<metrics::MetricStore> samples_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::optional<api::Tokens> tokens_;       // who may call
  std::unique_ptr<runs::RunFeed> feed_;     // wakes followers
  std::unique_ptr<runs::RunService> runs_;  // queue, scheduler, reconciler, hub of supervisors
  std::unique_ptr<api::HttpServer> http_;   // the only port
  io::Signal stop_requested_{loop_};
  bool stopping_ = false;
};

std::string tree_beside(const std::string& program) {
  const auto folder = program.substr(0, program.rfind('/'));
  for (const auto* place : {"/../lib/stoker/python", "/../../python", "/../python"}) {
    if (io::exists(folder + place + "/stoker/__init__.py")) return folder + place;
  }
  return {};
}

Result<std::string> supervisor_beside(const std::string& program) {
  auto path = program.substr(0, program.rfind('/')) + "/stoker-supervisor";
  if (access(path.c_str(), X_OK) == 0) return path;
  return Error(ErrorCode::kServerStart, fmt::format("{} is not there", path)).hint("install both programs in one folder, or `make build`");
}

/// A count given by an option, else by the variable; nullopt when neither is set.
Result<std::optional<int>> count_setting(const std::optional<int>& option, const char* variable, int low) {
  if (option) return option;
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::optional<int>();
  int value = 0;
  const std::string_view digits = text;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || value < low || value > 100'000)
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is \"{}\", not a whole number from {} on", variable, digits, low))
        .hint(fmt::format("unset {}, or correct it", variable));
  return std::optional<int>(value);
}

Status Server::open() {
  TRY(auto data, DataFolder::open(options_.data));
  data_.emplace(std::move(data));
  if (options_.personal) {
    home_.directory = options_.home;
    home_.data_directory = data_->path();
    CHECK_OK(client::prepare_home(home_));
  }
  token_place_ = options_.personal ? home_.token_file() : data_->file("token");
  TRY(auto token, token_in(token_place_));
  tokens_.emplace(std::move(token), data_->secret(), token_place_);
  CHECK_OK(open_stores());
  CHECK_OK(make_runs());
  return make_api();
}

Status Server::open_stores() {
  TRY(objects_, snapshots::ObjectStore::open(data_->file("snapshots")));
  TRY(logs_, logs::LogStore::open(data_->file("logs")));
  TRY(metrics_, metrics::MetricStore::open(data_->file("metrics"), {.waits_for_index = true}));
  TRY(samples_, metrics::MetricStore::open(data_->file("samples"), {.budget = 2U << 20}));
  db::Settings settings;
  settings.url = options_.database_url.value_or(data_->file("catalog.sqlite"));
  TRY(catalog_, catalog::Catalog::open(std::move(settings), loop_, pool_));
  return ok();
}

Result<std::unique_ptr<targets::Target>> Server::make_local_target() {
  const auto program = io::own_executable();
  auto supervisor = options_.supervisor_path;
  if (supervisor.empty()) {
    TRY(supervisor, supervisor_beside(program));
  }
  json::object settings;
  TRY(const auto cpus, count_setting(options_.cpu_slots, "STOKER_CPU_SLOTS", 1));
  TRY(const auto gpus, count_setting(options_.gpus, "STOKER_GPUS", 0));
  if (cpus) settings["cpus"] = *cpus;
  if (gpus) settings["gpus"] = *gpus;
  targets::Context context{.loop = loop_,
                           .pool = pool_,
                           .name = "local",
                           .directory = data_->file("targets/local"),
                           .settings = std::move(settings),
                           .supervisor_program = std::move(supervisor),
                           .python_tree = options_.python_tree.empty() ? tree_beside(program) : options_.python_tree,
                           .server_url = [this] { return http_->url(); },
                           .supervisor_token = [this](const std::string& id) { return tokens_->supervisor_token(id); }};
  TRY(const auto kind, targets::require_kind("local"));
  return kind.make(std::move(context));
}

io::Task<Result<bool>> Server::snapshot_exists(SnapshotId id) {
  CO_TRY(const auto digest, Digest::from_hex(id.text()));
  auto look = [this, digest] { return objects_->missing(std::span(&digest, 1)).empty(); };
  co_return co_await io::blocking(pool_, std::move(look));
}

Status Server::make_runs() {
  feed_ = std::make_unique<runs::RunFeed>(loop_);
  std::map<std::string, std::unique_ptr<targets::Target>> targets;
  TRY(auto local, make_local_target());
  targets.emplace("local", std::move(local));
  runs_ =
      std::make_unique<runs::RunService>(runs::Parts{.loop = loop_,
                                                     .pool = pool_,
                                                     .clock = clock_,
                                                     .random = random_,
                                                     .catalog = *catalog_,
                                                     .logs = *logs_,
                                                     .metrics = *metrics_,
                                                     .samples = *samples_,
                                                     .feed = *feed_,
                                                     .targets = std::move(targets),
                                                     .snapshot_exists = [this](SnapshotId id) { return snapshot_exists(std::move(id)); },
                                                     .run_token = [this](const RunId& run, int attempt) { return tokens_->run_token(run, attempt); },
                                                     .server_url = [this] { return http_->url(); },
                                                     .server_instance = data_->instance(),
                                                     .secret = data_->secret(),
                                                     .personal = options_.personal});
  return ok();
}

Status Server::make_api() {
  api::ServerInfo info{.version = std::string(kVersion), .data_dir = data_->path(), .instance = data_->instance(), .personal = options_.personal};
  info.started_at = clock_.now();
  info.url = [this] { return http_->url(); };
  const auto spool = data_->file("incoming");
  CHECK_OK(io::remove_tree(spool));  // what a crash left half received
  CHECK_OK(io::make_directories(spool));
  api::Services services{.loop = loop_,
                         .pool = pool_,
                         .clock = clock_,
                         .random = random_,
                         .catalog = *catalog_,
                         .runs = *runs_,
                         .objects = *objects_,
                         .logs = *logs_,
                         .metrics = *metrics_,
                         .samples = *samples_,
                         .tokens = *tokens_,
                         .info = std::move(info),
                         .spool_directory = spool,
                         .request_stop =
                             [this] {
                               stopping_ = true;
                               stop_requested_.notify();
                             },
                         .more_checks = {}};
  http_ = std::make_unique<api::HttpServer>(std::move(services), mlflow::Face(options_.personal).before(&api::answer));
  return http_->listen({.address = options_.listen});
}

Status Server::announce() {
  if (options_.personal) {
    CHECK_OK(client::keep_port(home_, http_->port()));
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    const auto self = io::identify(getpid());
    CHECK_OK(client::write_server_record(home_, {.url = http_->url(),
                                                 .instance = data_->instance(),
                                                 .host = host,
                                                 .version = std::string(kVersion),
                                                 .process = self.value_or(io::ProcessIdentity{})}));
  }
  fmt::print("stoker server ready at {} (token in {})\n", http_->url(), token_place_);
  std::fflush(stdout);
  return ok();
}

void Server::withdraw() const {
  if (options_.personal) unlink(home_.record_file().c_str());
}

io::Task<Status> Server::serve() {
  CO_CHECK_OK(co_await runs_->start());
  http_->start();
  CO_CHECK_OK(announce());
  log::info("server", "ready", {{"url", http_->url()}, {"data", data_->path()}});
  io::TaskGroup watch(loop_, "server");
  watch.spawn("signals", [](Server& self) -> io::Task<void> {
    const int signal = co_await io::wait_for_signal({SIGTERM, SIGINT});
    log::info("server", "stopping", {{"signal", signal}});
    self.stopping_ = true;
    self.stop_requested_.notify();
  }(*this));
  while (!stopping_) co_await stop_requested_.wait();
  watch.cancel();
  runs_->hub().quit_idle();
  co_await http_->stop();
  co_await runs_->stop();
  co_await watch.join();
  withdraw();
  log::info("server", "stopped");
  co_return ok();
}

}  // namespace

Status run(const ServerOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  // One arena: a pool's threads would each keep one of their own, which is most of an idle server's memory.
  mallopt(M_ARENA_MAX, 1);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  Server server(options);
  CHECK_OK(server.open());
  Status outcome = ok();
  std::exception_ptr failure;
  auto serve = [&server, &outcome]() -> io::Task<void> { outcome = co_await server.serve(); };
  io::asio::co_spawn(server.loop(), serve, [&](std::exception_ptr thrown) {
    failure = thrown;
    server.loop().stop();
  });
  server.loop().run();
  if (failure) std::rethrow_exception(failure);
  return outcome;
}

}  // namespace stoker::server
