#include "environments/user_managed/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::environments {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::size_t kMost = 4096;

struct Pipe {
  io::Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
  return Pipe{io::Fd(ends[0]), io::Fd(ends[1])};
}

int left(SteadyTime until) {
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  return rest > 0 ? static_cast<int>(rest) + 1 : 0;
}

/// Reads what is there; closes the descriptor at its end. Keeps the first bytes, or the last.
void drain(io::Fd& fd, std::string& kept, bool keep_last) {
  std::array<char, kMost> buffer{};
  const auto size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size < 0 && errno == EINTR) return;
  if (size <= 0) return fd.reset();
  kept.append(buffer.data(), static_cast<std::size_t>(size));
  if (kept.size() <= kMost) return;
  if (keep_last) kept.erase(0, kept.size() - kMost);
  else kept.resize(kMost);
}

/// True when the process ended in time; its output is read meanwhile, so that it never waits for us.
bool follow(int process, io::Fd& output, io::Fd& errors, ProbeAnswer& answer, SteadyTime until) {
  for (;;) {
    std::array<pollfd, 3> list = {pollfd{process, POLLIN, 0}, pollfd{output.get(), POLLIN, 0}, pollfd{errors.get(), POLLIN, 0}};
    const int ready = ::poll(list.data(), list.size(), left(until));
    if (ready == 0) return false;
    if (ready < 0 && errno != EINTR) return false;
    if (ready < 0) continue;
    if (list[1].revents != 0) drain(output, answer.output, false);
    if (list[2].revents != 0) drain(errors, answer.errors, true);
    // Output first: what is still in the pipes when it ends is read in the next round.
    if (list[0].revents != 0 && list[1].revents == 0 && list[2].revents == 0) return true;
  }
}

}  // namespace

Result<ProbeAnswer> probe(std::vector<std::string> arguments, std::vector<std::string> environment, std::chrono::milliseconds limit) {
  TRY(auto output, make_pipe());
  TRY(auto errors, make_pipe());
  const auto name = arguments.front();
  io::SpawnOptions options;
  options.arguments = std::move(arguments);
  options.environment = std::move(environment);
  options.standard_output = output.write.get();
  options.standard_error = errors.write.get();
  TRY(const pid_t child, io::spawn(options));
  output.write.reset();
  errors.write.reset();
  const io::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  ProbeAnswer answer;
  const bool ended = process.is_open() && follow(process.get(), output.read, errors.read, answer, std::chrono::steady_clock::now() + limit);
  // Also what it left behind in its session.
  ::kill(-child, SIGKILL);
  while (::waitpid(child, &answer.status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Error(ErrorCode::kTimeout, fmt::format("{} did not end within {} s", name, limit.count() / 1000));
  return answer;
}

}  // namespace stoker::environments
