// stoker-supervisor: reads its options, takes the slot's lock, forks the keeper while there is no thread yet, then runs the one loop.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <boost/asio/signal_set.hpp>

#include "base/log.hpp"
#include "base/suggest.hpp"
#include "supervisor/link/link.hpp"
#include "supervisor/link/link_services.hpp"
#include "supervisor/supervisor.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::string_view kUsage =
    "usage: stoker-supervisor --dir DIR --server URL --id ID [--python-tree DIR] [--token-file FILE] [--containment KIND]\n"
    "\n"
    "Runs the attempts that the server at URL gives to the supervisor ID, one at a time, and keeps their journals in DIR until the\n"
    "server has them. Started by a target of the server, not by hand.\n"
    "\n"
    "  --dir DIR           the slot's folder; one supervisor at a time works on it\n"
    "  --server URL        http://host:port\n"
    "  --id ID             what the server calls this supervisor\n"
    "  --python-tree DIR   the packages that runs find first (default: beside this program)\n"
    "  --token-file FILE   holds the supervisor's token (default: the variable STOKER_SUPERVISOR_TOKEN)\n"
    "  --containment KIND  automatic (default), cgroup2, cgroup1, none; also the variable STOKER_CONTAINMENT\n";
constexpr const char* kTokenVariable = "STOKER_SUPERVISOR_TOKEN";
// The keeper of a killed predecessor holds the slot's lock until the last process is gone.
constexpr auto kLockPatience = std::chrono::seconds(60);

Error usage_error(std::string message) { return Error(ErrorCode::kInvalidInput, std::move(message)).hint("stoker-supervisor --help"); }

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

// From a file, or from a variable that is wiped at once: what lies in an environment is shown by /proc.
Result<std::string> read_token(const std::string& file) {
  if (!file.empty()) {
    TRY(auto text, io::read_file(file, 4096));
    return trimmed(std::move(text));
  }
  char* value = std::getenv(kTokenVariable);
  if (value == nullptr) return usage_error(fmt::format("no token: give --token-file or {}", kTokenVariable));
  std::string token = value;
  ::explicit_bzero(value, token.size());
  ::unsetenv(kTokenVariable);
  return token;
}

std::string find_python_tree() {
  const auto program = io::own_executable();
  const auto folder = program.substr(0, program.rfind('/'));
  for (const auto* below : {"/../../python", "/../lib/stoker/python"})
    if (io::exists(folder + below + "/stoker")) return folder + below;
  return {};
}

std::string variable_or(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? fallback : value;
}

struct Options {
  Settings settings;
  std::string token_file;
  std::string containment = variable_or("STOKER_CONTAINMENT", "automatic");
  bool help = false;
};

Result<Options> read_options(int count, char** arguments) {
  Options options;
  const std::vector<std::pair<std::string, std::string*>> known = {
      {"--dir", &options.settings.dir},      {"--server", &options.settings.server_url},
      {"--id", &options.settings.id},        {"--python-tree", &options.settings.python_tree},
      {"--token-file", &options.token_file}, {"--containment", &options.containment}};
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    const auto at = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == name; });
    if (at == known.end()) return usage_error(fmt::format("unknown option {}", name));
    if (i + 1 >= count) return usage_error(fmt::format("{} needs a value", name));
    *at->second = arguments[++i];
  }
  for (const auto& [name, value] : {known[0], known[1], known[2]})
    if (value->empty()) return usage_error(fmt::format("{} is missing", name));
  return options;
}

Result<Settings> settings_of(Options options) {
  auto settings = std::move(options.settings);
  TRY(settings.containment, containment_kind_from_text(options.containment));
  TRY(settings.token, read_token(options.token_file));
  CHECK_OK(io::make_directories(settings.dir));
  if (char* absolute = ::realpath(settings.dir.c_str(), nullptr)) {
    settings.dir = absolute;
    std::free(absolute);
  }
  if (settings.python_tree.empty()) settings.python_tree = find_python_tree();
  if (char* absolute = settings.python_tree.empty() ? nullptr : ::realpath(settings.python_tree.c_str(), nullptr)) {
    settings.python_tree = absolute;
    std::free(absolute);
  }
  return settings;
}

Result<io::FileLock> lock_slot(const std::string& dir) {
  const auto until = std::chrono::steady_clock::now() + kLockPatience;
  while (true) {
    auto lock = io::FileLock::acquire(dir + "/lock");
    if (lock || lock.error().code() != ErrorCode::kDataBusy || std::chrono::steady_clock::now() > until) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void ignore_signals() {
  for (const int signal : {SIGPIPE, SIGHUP}) ::signal(signal, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
}

io::Task<void> obey_signals(io::Loop& loop, Supervisor& supervisor) {
  io::asio::signal_set signals(loop, SIGTERM, SIGINT);
  const int signal = co_await signals.async_wait(io::asio::use_awaitable);
  std::string why = fmt::format("its supervisor was stopped by {}", signal_name(signal));
  co_await supervisor.stop(std::move(why));
}

io::Task<void> until_done(io::Loop& loop, Supervisor& supervisor, io::TaskGroup& tasks) {
  co_await supervisor.wait_done();
  tasks.cancel();
  co_await tasks.join();
  loop.stop();
}

// True: start again for a new keeper.
Result<bool> serve(Settings settings, KeeperProcess kept) {
  const SystemClock clock;
  io::Loop loop(1);
  io::Pool pool(2);  // after the loop: its threads, which hand results to the loop, are joined before that goes
  Keeper keeper(loop, std::move(kept));
  const ServerAccess access{settings.server_url, settings.token};
  log::info("supervisor", "ready", {{"id", settings.id}, {"dir", settings.dir}, {"server", settings.server_url}, {"keeper", keeper.identity().pid}});
  Supervisor supervisor(loop, pool, clock, std::move(settings), keeper, link_services(access, clock));
  CHECK_OK(supervisor.start());
  Link link(loop, supervisor);
  io::TaskGroup tasks(loop, "supervisor");
  io::TaskGroup ending(loop, "supervisor");
  tasks.spawn("link", link.run());
  tasks.spawn("signals", obey_signals(loop, supervisor));
  ending.spawn("end", until_done(loop, supervisor, tasks));
  loop.run();
  return supervisor.needs_restart();
}

Status run(int count, char** arguments) {
  TRY(auto options, read_options(count, arguments));
  if (options.help) {
    std::fputs(kUsage.data(), stdout);
    return ok();
  }
  TRY(auto settings, settings_of(std::move(options)));
  TRY(const auto lock, lock_slot(settings.dir));
  ignore_signals();
  const auto token = settings.token;
  TRY(auto keeper, start_keeper());
  TRY(const bool again, serve(std::move(settings), std::move(keeper)));
  if (!again) return ok();
  log::warning("supervisor", "starting again for a new keeper");
  ::setenv(kTokenVariable, token.c_str(), 1);
  ::execv("/proc/self/exe", arguments);
  return errno_error("cannot start again", errno);
}

}  // namespace
}  // namespace stoker::supervisor

int main(int count, char** arguments) {
  ::mallopt(M_ARENA_MAX, 2);
  const auto status = stoker::supervisor::run(count, arguments);
  if (status) return 0;
  std::fprintf(stderr, "%s\n", status.error().to_terminal().c_str());
  return stoker::info(status.error().code()).exit_code;
}
