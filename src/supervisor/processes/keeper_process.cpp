// The keeper process (keeper.hpp): single-threaded, no Asio, nothing but poll, fork and wait.
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "io/file.hpp"
#include "supervisor/processes/keeper_wire.hpp"
#include "supervisor/processes/process_tree.hpp"

namespace stoker::supervisor::keeper_wire {
namespace {

struct Program {
  const char* folder = nullptr;
  std::vector<char*> arguments, environment;
  std::vector<const char*> join;
};

struct Failure {
  int error;
  Step step;
};

class Mapping {
 public:
  Mapping(int fd, std::size_t size) : size_(size), at_(::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0)) {}
  ~Mapping() {
    if (at_ != MAP_FAILED) ::munmap(at_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  char* text() const { return at_ == MAP_FAILED ? nullptr : static_cast<char*>(at_); }

 private:
  std::size_t size_;
  void* at_;
};

Program read_program(const Request& request, char* text) {
  Program program;
  auto next = [&text] {
    char* begin = text;
    text += std::strlen(text) + 1;
    return begin;
  };
  program.folder = next();
  for (std::uint32_t i = 0; i < request.arguments; ++i) program.arguments.push_back(next());
  for (std::uint32_t i = 0; i < request.environment; ++i) program.environment.push_back(next());
  for (std::uint32_t i = 0; i < request.join; ++i) program.join.push_back(next());
  program.arguments.push_back(nullptr);
  program.environment.push_back(nullptr);
  return program;
}

void join_groups(const std::vector<const char*>& files) {
  for (const char* file : files) {
    const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    [[maybe_unused]] const auto written = ::write(fd, "0", 1);  // the keeper's walk ends also those that are in no group
    ::close(fd);
  }
}

// By the system call: glibc refuses to touch the two signals that it keeps for itself, and its posix_spawn leaves them ignored.
void reset_signals() {
  constexpr int kSignals = 64;
  struct {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags = 0;
    void (*restorer)() = nullptr;
    unsigned long mask = 0;
  } action;
  for (int signal = 1; signal <= kSignals; ++signal) ::syscall(SYS_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// stdin, stdout, stderr, and as number 3 the pipe that tells a failed exec; everything else is closed before exec, not by it: close-on-exec
// runs only after exec has let the parent go on.
bool arrange_descriptors(int output, int error, int report) {
  const int null = ::open("/dev/null", O_RDONLY);
  const int high[] = {::fcntl(null, F_DUPFD, 10), ::fcntl(output, F_DUPFD, 10), ::fcntl(error, F_DUPFD, 10), ::fcntl(report, F_DUPFD, 10)};
  for (int at = 0; at < 4; ++at) {
    if (high[at] < 0 || ::dup2(high[at], at) < 0) return false;
  }
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  if (::syscall(SYS_close_range, 4U, ~0U, 0U) == 0) return true;
  for (int fd = 4; fd < static_cast<int>(::sysconf(_SC_OPEN_MAX)) && fd < 65536; ++fd) ::close(fd);
  return true;
}

[[noreturn]] void give_up(int report, int error, Step step) {
  const Failure failure{error, step};
  [[maybe_unused]] const auto written = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

// A script without `#!` is the shell's, as execvp and every shell have it.
void exec_by_shell(Program& program) {
  std::vector<char*> arguments{const_cast<char*>("/bin/sh")};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  ::execve("/bin/sh", arguments.data(), program.environment.data());
}

[[noreturn]] void become(Program& program, int output, int error, int report, pid_t keeper) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(127);
  join_groups(program.join);
  if (!arrange_descriptors(output, error, report)) give_up(report, errno, Step::kDescriptors);
  if (::chdir(program.folder) != 0) give_up(3, errno, Step::kFolder);
  reset_signals();
  ::execve(program.arguments[0], program.arguments.data(), program.environment.data());
  if (errno == ENOEXEC) exec_by_shell(program);
  give_up(3, errno, Step::kExec);
}

class KeeperProgram {
 public:
  explicit KeeperProgram(int socket) : socket_(socket) {}
  void run();

 private:
  bool receive();
  void spawn(const Request& request, const std::vector<io::Fd>& fds);
  void start(Program& program, int output, int error);
  void reap();
  void tell(Tell what, pid_t pid, int value = 0, Step step = Step::kRequest) {
    const Reply reply{what, pid, value, step};
    [[maybe_unused]] const auto sent = ::send(socket_, &reply, sizeof reply, MSG_NOSIGNAL);
  }

  int socket_;
  pid_t main_ = -1;
  bool occupied_ = false;  // something was started and kEmpty was not told yet
  bool killing_ = false;
};

void KeeperProgram::run() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  const io::Fd signals(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  int pause = 1;
  while (true) {
    pollfd waiting[] = {{socket_, POLLIN, 0}, {signals.get(), POLLIN, 0}};
    ::poll(waiting, 2, killing_ ? pause : -1);
    signalfd_siginfo drained[16];
    while (::read(signals.get(), drained, sizeof drained) > 0) {
    }
    if (waiting[0].revents != 0 && !receive()) return;
    if (killing_) pause = kill_descendants(::getpid()) ? 1 : 50;
    reap();
  }
}

// False at end of file: the supervisor is gone.
bool KeeperProgram::receive() {
  Request request{};
  iovec part{&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto got = ::recvmsg(socket_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got != sizeof request) return false;
  std::vector<io::Fd> fds;
  if (const auto* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    const auto count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  if (request.ask == Ask::kSpawn) spawn(request, fds);
  if (request.ask == Ask::kSignalAll) signal_descendants(::getpid(), request.signal);
  if (request.ask == Ask::kKillAll) killing_ = occupied_;
  return true;
}

void KeeperProgram::spawn(const Request& request, const std::vector<io::Fd>& fds) {
  if (fds.size() != 3) return tell(Tell::kFailed, 0, EBADF, Step::kRequest);
  const Mapping mapping(fds[0].get(), request.bytes);
  if (mapping.text() == nullptr) return tell(Tell::kFailed, 0, errno, Step::kRequest);
  Program program = read_program(request, mapping.text());
  start(program, fds[1].get(), fds[2].get());
}

void KeeperProgram::start(Program& program, int output, int error) {
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return tell(Tell::kFailed, 0, errno, Step::kFork);
  const pid_t keeper = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(program, output, error, report[1], keeper);
  const int fork_error = errno;
  ::close(report[1]);
  const io::Fd reading(report[0]);
  if (pid < 0) return tell(Tell::kFailed, 0, fork_error, Step::kFork);
  Failure failure{};
  ssize_t got = 0;
  do got = ::read(reading.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    return tell(Tell::kFailed, 0, failure.error, failure.step);
  }
  main_ = pid;
  occupied_ = true;
  killing_ = false;
  tell(Tell::kSpawned, pid);
}

void KeeperProgram::reap() {
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (ended != main_) continue;
    main_ = -1;
    tell(Tell::kMainEnded, ended, status);
  }
  if (ended == 0 || errno != ECHILD || !occupied_) return;
  occupied_ = killing_ = false;
  tell(Tell::kEmpty, 0);
}

}  // namespace

void run_keeper(int socket) {
  ::prctl(PR_SET_NAME, "stoker-keeper");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM})
    ::signal(signal, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, as some parents leave it, the kernel would forget how children ended
  KeeperProgram(socket).run();
  kill_and_reap_all();
  ::_exit(0);
}

}  // namespace stoker::supervisor::keeper_wire
