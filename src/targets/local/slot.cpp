#include "targets/local/slot.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "io/file.hpp"

extern char** environ;

namespace stoker::targets {
namespace {

constexpr std::size_t kLogTail = 600;
constexpr std::uint64_t kLogLimit = 16U << 20;
constexpr std::chrono::milliseconds kPoll{5};
/// A process that was killed is gone within this, or it hangs in the kernel.
constexpr std::chrono::seconds kKillTime{10};

/// What the supervisor needs of the server's own variables; the run's come with its specification. Never the server's tokens.
std::vector<std::string> supervisor_environment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const bool ours = variable.starts_with("STOKER_") && !variable.starts_with("STOKER_LOG=") && !variable.starts_with("STOKER_CONTAINMENT=");
    if (!ours && !variable.starts_with("AZUREML_")) variables.emplace_back(variable);
  }
  return variables;
}

/// Our own dead children are zombies until somebody asks; anybody else's make no difference.
void reap(pid_t pid) { ::waitpid(pid, nullptr, WNOHANG); }

bool wait_until_gone(const io::ProcessIdentity& process, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (io::is_alive(process)) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
  reap(process.pid);
  return true;
}

Result<io::ProcessIdentity> parse_record(const std::string& text) {
  TRY(const auto value, parse_json(text));
  std::vector<Mistake> mistakes;
  io::ProcessIdentity process;
  {
    FieldReader fields(value, "", mistakes);
    fields.ignore_unknown();
    process.pid = static_cast<pid_t>(fields.integer("pid", 1, 1'000'000'000));
    process.start_time = static_cast<std::uint64_t>(fields.integer("start_time", 0, std::numeric_limits<std::int64_t>::max()));
    process.boot_id = fields.text("boot_id");
  }
  CHECK_OK(mistakes_to_status("not a record of a process", std::move(mistakes)));
  return process;
}

}  // namespace

std::optional<io::ProcessIdentity> Slot::recorded() const {
  const auto text = io::read_file(file("supervisor.json"));
  if (!text) return std::nullopt;
  auto process = parse_record(*text);
  if (!process) return std::nullopt;
  return std::move(*process);
}

SlotState Slot::look(std::string& message) const {
  if (!io::exists(settings_.folder)) {
    message = fmt::format("its folder {} is not there any more", settings_.folder);
    return SlotState::kMissing;
  }
  const auto process = recorded();
  if (!process) {
    message = "no supervisor was started there yet";
    return SlotState::kDead;
  }
  if (io::is_alive(*process)) {
    message = fmt::format("process {} runs", process->pid);
    return SlotState::kAlive;
  }
  reap(process->pid);
  message = io::is_same_boot(*process) ? fmt::format("process {} is gone", process->pid) : "the machine was restarted";
  return SlotState::kDead;
}

Status Slot::ensure() const {
  CHECK_OK(prepare());
  std::string message;
  if (look(message) == SlotState::kAlive) return ok();
  return spawn();
}

Status Slot::prepare() const {
  CHECK_OK(io::make_directories(settings_.folder));
  const auto token = io::read_file(file("token"));
  if (!token || *token != settings_.token) CHECK_OK(io::write_file_atomically(file("token"), settings_.token));
  return write_server_url();
}

Status Slot::write_server_url() const {
  const auto known = io::read_file(file("server"));
  if (known && *known == settings_.server_url) return ok();
  return io::write_file_atomically(file("server"), settings_.server_url);
}

Status Slot::spawn() const {
  if (::access(settings_.program.c_str(), X_OK) != 0)
    return Error(ErrorCode::kTargetRejected, fmt::format("the supervisor's program {} is not there or cannot be executed", settings_.program))
        .hint("build or install stoker-supervisor beside stoker");
  TRY(const auto log, io::open_file(file("supervisor.log"), O_WRONLY | O_CREAT | O_APPEND));
  TRY(const auto log_bytes, io::file_size(log.get()));
  if (log_bytes > kLogLimit && ::ftruncate(log.get(), 0) != 0) return errno_error("cannot shorten the supervisor's log", errno);
  io::SpawnOptions options;
  options.arguments = {settings_.program,       "--dir",        settings_.folder, "--server", settings_.server_url, "--id",
                       settings_.supervisor_id, "--token-file", file("token")};
  if (!settings_.python_tree.empty()) options.arguments.insert(options.arguments.end(), {"--python-tree", settings_.python_tree});
  options.environment = supervisor_environment();
  options.working_directory = settings_.folder;
  options.standard_output = log.get();
  options.standard_error = log.get();
  TRY(const pid_t pid, io::spawn(options));
  const auto process = io::identify(pid);
  if (!process) {
    reap(pid);
    return Error(ErrorCode::kTargetRejected, "the supervisor ended as soon as it was started").because(log_tail()).retryable();
  }
  const json::object record{
      {"version", 1}, {"pid", pid}, {"start_time", process->start_time}, {"boot_id", process->boot_id}, {"program", settings_.program}};
  log::info("targets", "supervisor started", {{"supervisor", settings_.supervisor_id}, {"pid", pid}});
  return io::write_file_atomically(file("supervisor.json"), json::serialize(record) + "\n");
}

Status Slot::end(std::chrono::seconds grace) const {
  const auto process = recorded();
  if (!process || !io::is_alive(*process)) return ok();
  if (grace.count() > 0) {
    CHECK_OK(io::send_signal(*process, SIGTERM));
    if (wait_until_gone(*process, grace)) return ok();
  }
  CHECK_OK(io::send_signal(*process, SIGKILL));
  if (wait_until_gone(*process, kKillTime)) return ok();
  return Error(ErrorCode::kTargetRejected, fmt::format("process {} does not go, not even by SIGKILL", process->pid)).retryable();
}

std::string Slot::log_tail() const {
  const auto log = io::open_file(file("supervisor.log"), O_RDONLY);
  if (!log) return {};
  const auto size = io::file_size(log->get());
  if (!size) return {};
  const auto text = io::read_at(log->get(), *size - std::min<std::uint64_t>(*size, kLogTail), kLogTail);
  return text ? to_valid_utf8(*text) : std::string();
}

}  // namespace stoker::targets
