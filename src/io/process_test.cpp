#include "io/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/testing.hpp"

namespace stoker::io {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  /// All until the other ends are closed.
  std::string drain() {
    write.reset();
    std::string text;
    char bytes[4096];
    for (ssize_t count = 0; (count = ::read(read.get(), bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<std::size_t>(count));
    return text;
  }
  Fd read, write;
};

SpawnOptions shell(const std::string& line, const Pipe& output) {
  SpawnOptions options;
  options.arguments = {"/bin/sh", "-c", line};
  options.environment = {"PATH=/usr/bin:/bin"};
  options.standard_output = output.write.get();
  return options;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// A shell that sleeps until it is killed, with a mark in its environment.
struct Sleeper {
  explicit Sleeper(const std::string& line = "echo ready; exec sleep 1000", std::vector<std::string> environment = {"PATH=/usr/bin:/bin"}) {
    auto options = shell(line, output);
    options.environment = std::move(environment);
    pid = *spawn(options);
    char byte = 0;
    (void)!::read(output.read.get(), &byte, 1);  // it has begun
  }
  ~Sleeper() {
    if (pid == 0) return;
    ::kill(-pid, SIGKILL);
    wait_for(pid);
  }
  Pipe output;
  pid_t pid = 0;
};

TEST(Spawn, PassesArgumentsEnvironmentFolderAndNothingElse) {
  testing::TemporaryFolder folder;
  Pipe output;
  auto options = shell("echo \"$0|$1\"; pwd; env | grep -v -e ^PWD -e ^SHLVL -e ^_=", output);
  options.arguments.insert(options.arguments.end(), {"zero", "a b"});
  options.environment = {"ONLY=this"};
  options.working_directory = folder.path();
  const auto pid = spawn(options);
  ASSERT_TRUE(pid);
  EXPECT_EQ(output.drain(), "zero|a b\n" + folder.path() + "\nONLY=this\n");
  EXPECT_EQ(wait_for(*pid), 0);
}

TEST(Spawn, BeginsASessionOfItsOwn) {
  Sleeper sleeper;
  EXPECT_EQ(::getsid(sleeper.pid), sleeper.pid);
}

TEST(Spawn, LeaksNoDescriptorEvenOnesThatAreNotCloseOnExec) {
  const Fd leaky(::open("/dev/null", O_RDONLY));  // NOLINT: deliberately without O_CLOEXEC
  Pipe output;
  const auto pid = spawn(shell("ls /proc/self/fd", output));
  ASSERT_TRUE(pid);
  EXPECT_EQ(output.drain(), "0\n1\n2\n3\n");  // 3 is the folder that ls reads
  wait_for(*pid);
}

TEST(Spawn, GivesFurtherDescriptorsTheirNumbersAlsoWhenTheyCross) {
  Pipe output;
  const Fd three(::fcntl(output.write.get(), F_DUPFD_CLOEXEC, 10));
  auto options = shell("echo via5 >&5; echo via6 >&6", output);
  Pipe other;
  options.inherit = {{output.write.get(), 5}, {other.write.get(), 6}};
  const auto pid = spawn(options);
  ASSERT_TRUE(pid);
  EXPECT_EQ(other.drain(), "via6\n");
  wait_for(*pid);
}

TEST(Spawn, ResetsSignalsThatThisProcessIgnoresOrBlocks) {
  const auto before = ::signal(SIGTERM, SIG_IGN);
  sigset_t blocked, old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  Pipe output;
  // The last eight digits are the signals 1 to 32; the C library keeps two of its own beyond to itself.
  const auto pid = spawn(shell("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.......\\)$/\\1 \\2/p' /proc/self/status", output));
  EXPECT_EQ(output.drain(), "Blk 0000000\nIgn 0000000\n");
  wait_for(*pid);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGTERM, before);
}

TEST(Spawn, TellsAMissingProgramFromAMissingFolder) {
  SpawnOptions options;
  options.arguments = {"/no/such/program"};
  EXPECT_EQ(spawn(options).error().code(), ErrorCode::kNotFound);
  options.arguments = {"/bin/true"};
  options.working_directory = "/no/such/folder";
  const auto spawned = spawn(options);
  ASSERT_FALSE(spawned);
  EXPECT_NE(spawned.error().message().find("/no/such/folder"), std::string::npos);
}

TEST(Spawn, SaysWhenAFileIsNoProgram) {
  testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "data", "x", 0600));
  SpawnOptions options;
  options.arguments = {folder / "data"};
  EXPECT_FALSE(spawn(options));
}

TEST(Identity, NamesThisProcess) {
  const auto self = identify(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(is_alive(*self));
  EXPECT_TRUE(is_same_boot(*self));
}

TEST(Identity, AnotherStartTimeOrBootIsAnotherProcess) {
  auto process = *identify(::getpid());
  process.start_time += 1;
  EXPECT_FALSE(is_alive(process));
  EXPECT_TRUE(send_signal(process, SIGKILL));  // would end the test if it hit
  process = *identify(::getpid());
  process.boot_id = "another";
  EXPECT_FALSE(is_alive(process));
  EXPECT_TRUE(send_signal(process, SIGKILL));
}

TEST(Identity, AZombieIsNotAlive) {
  Pipe output;
  const auto pid = spawn(shell("exit 3", output));
  ASSERT_TRUE(pid);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT), 0);
  const auto zombie = identify(*pid);
  ASSERT_TRUE(zombie);
  EXPECT_FALSE(is_alive(*zombie));
  wait_for(*pid);
  EXPECT_FALSE(identify(*pid));
}

TEST(Identity, SignalsReachTheVeryProcess) {
  Sleeper sleeper;
  ASSERT_TRUE(send_signal(*identify(sleeper.pid), SIGTERM));
  const int status = wait_for(sleeper.pid);
  sleeper.pid = 0;
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(Descendants, AreFoundThroughEveryGeneration) {
  Sleeper sleeper("sleep 1000 & (sleep 1000 & echo ready; wait) ; wait");
  const auto found = descendants(sleeper.pid);
  EXPECT_EQ(found.size(), 3U);  // a sleep, a subshell, its sleep
  EXPECT_EQ(found.front().parent, sleeper.pid);
  for (const auto& process : descendants(::getpid())) EXPECT_NE(process.pid, ::getpid());
}

TEST(FindByEnvironment, FindsTheWholeVariableOnly) {
  Sleeper marked("echo ready; exec sleep 1000", {"PATH=/usr/bin:/bin", "STOKER_TEST_MARK=run.1"});
  Sleeper other("echo ready; exec sleep 1000", {"PATH=/usr/bin:/bin", "STOKER_TEST_MARK=run.12", "X=STOKER_TEST_MARK=run.1"});
  const auto found = find_by_environment("STOKER_TEST_MARK", "run.1");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pid, marked.pid);
  EXPECT_TRUE(is_alive(found[0]));
}

TEST(FindProgram, LooksAlongThePathForExecutables) {
  testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "plain", "", 0600));
  ASSERT_TRUE(write_file_atomically(folder / "tool", "", 0700));
  EXPECT_EQ(find_program("tool", "/nowhere:" + folder.path()), folder / "tool");
  EXPECT_EQ(find_program(folder / "tool", ""), folder / "tool");
  EXPECT_FALSE(find_program("plain", folder.path()));
  EXPECT_FALSE(find_program("", folder.path()));
  EXPECT_EQ(own_executable().substr(own_executable().rfind('/') + 1), "test_io");
}

}  // namespace
}  // namespace stoker::io
