#include "client/console/tracking.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include <fmt/format.h>

#include "io/process.hpp"

namespace stoker::client {
namespace {

constexpr int kSignalBase = 128;
constexpr std::array kForwarded = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

std::atomic<pid_t> program_pid = 0;

/// What the terminal sends reaches the whole group, the program too; what is sent to us alone is passed on.
void forward(int signal, siginfo_t* info, void*) {
  const auto pid = program_pid.load();
  if (pid > 0 && info->si_code != SI_KERNEL) ::kill(pid, signal);
}

void take_signals() {
  struct sigaction action{};
  action.sa_sigaction = forward;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : kForwarded) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

struct Pipe {
  io::Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
  return Pipe{io::Fd(ends[0]), io::Fd(ends[1])};
}

/// The program between its pipes.
class Tracker {
 public:
  explicit Tracker(const TrackRequest& request) : request_(request) {}

  Result<TrackedEnd> run() {
    TRY(out_, make_pipe());
    TRY(err_, make_pipe());
    TRY(control_, make_pipe());
    TRY(reply_, make_pipe());
    take_signals();
    CHECK_OK(start_keeping());
    CHECK_OK(start_program());
    const int status = wait_for_program();
    program_pid = 0;
    // The console reads what is left; the pipe is empty when nobody else has it.
    out_ = {};
    err_ = {};
    (void)io::write_all(control_.write.get(), "end " + json::serialize(outcome_of(status)) + "\n");
    reply_.write.reset();
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
    return TrackedEnd{code, wait_for_delivery()};
  }

 private:
  Status start_keeping() {
    ConsoleStart start{
        .session = request_.session, .inputs = {}, .control = control_.read.get(), .reply = reply_.write.get(), .variables = request_.variables};
    start.inputs = {{.fd = out_.read.get(), .stream = 1, .echo = STDOUT_FILENO}, {.fd = err_.read.get(), .stream = 2, .echo = STDERR_FILENO}};
    TRY(console_, start_console(start));
    return ok();
  }

  Status start_program() {
    io::SpawnOptions options;
    options.arguments = request_.program;
    for (const auto& [name, value] : request_.program_variables) options.environment.push_back(fmt::format("{}={}", name, value));
    options.standard_input = STDIN_FILENO;
    options.standard_output = out_.write.get();
    options.standard_error = err_.write.get();
    options.new_session = false;
    auto spawned = io::spawn(options);
    out_.write.reset();
    err_.write.reset();
    if (!spawned) {
      const json::object error{{"code", "UserError"}, {"message", spawned.error().to_line()}, {"type", ""}, {"trace", ""}};
      (void)io::write_all(control_.write.get(), "end " + json::serialize(json::object{{"outcome", "failed"}, {"error", error}}) + "\n");
      return spawned.error();
    }
    program_ = *spawned;
    program_pid = *spawned;
    return ok();
  }

  /// A console that died is replaced: we have the pipes open, so the program notices nothing.
  int wait_for_program() {
    for (;;) {
      int status = 0;
      const auto pid = ::waitpid(-1, &status, 0);
      if (pid == program_) return status;
      if (pid == console_) {
        console_ = -1;
        (void)start_keeping();
      }
      if (pid < 0 && errno != EINTR) return 0;
    }
  }

  bool wait_for_delivery() const {
    pollfd reply{.fd = reply_.read.get(), .events = POLLIN, .revents = 0};
    const auto patience = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(request_.patience).count());
    while (::poll(&reply, 1, patience) < 0 && errno == EINTR) {
    }
    char byte = 0;
    return (reply.revents & POLLIN) != 0 && ::read(reply.fd, &byte, 1) == 1;
  }

  const TrackRequest& request_;
  Pipe out_, err_, control_, reply_;
  pid_t console_ = -1;
  pid_t program_ = -1;
};

}  // namespace

json::object outcome_of(int wait_status) {
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return {{"outcome", "completed"}};
  const auto how = WIFEXITED(wait_status) ? fmt::format("exited with code {}", WEXITSTATUS(wait_status))
                                          : fmt::format("killed by signal {} (SIG{})", WTERMSIG(wait_status), ::sigabbrev_np(WTERMSIG(wait_status)));
  return {{"outcome", "failed"}, {"error", json::object{{"code", "UserError"}, {"message", how}, {"type", ""}, {"trace", ""}}}};
}

Result<TrackedEnd> track(const TrackRequest& request) { return Tracker(request).run(); }

}  // namespace stoker::client
