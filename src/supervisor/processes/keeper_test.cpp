#include "supervisor/processes/keeper.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <sstream>

#include "supervisor/processes/containment.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;

struct Kept {
  explicit Kept(const std::string& folder) : place(folder), folder(folder), keeper(loop, *start_keeper()) {}
  ~Kept() {
    keeper.kill_all();
    run_until(loop, [this] { return keeper.is_empty() || keeper.is_dead(); });
  }
  Result<pid_t> spawn(std::vector<std::string> arguments, std::vector<std::string> join = {}) {
    const io::Fd output(::open((place + "/out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    SpawnRequest request;
    request.arguments = std::move(arguments);
    request.environment = {"PATH=/usr/bin:/bin", "MARK=here"};
    request.working_directory = folder;
    request.join = std::move(join);
    request.standard_output = request.standard_error = output.get();
    return run_task(loop, keeper.spawn(std::move(request)));
  }
  Result<pid_t> shell(const std::string& text, std::vector<std::string> join = {}) { return spawn({"/bin/sh", "-c", text}, std::move(join)); }
  bool wait_empty() {
    return run_until(loop, [this] { return keeper.is_empty(); });
  }
  std::string output() const { return *io::read_file(place + "/out"); }

  std::string place;   // of the output
  std::string folder;  // the program's
  io::Loop loop;
  Keeper keeper;
};

TEST(Keeper, TellsTheExitStatusAndThatNothingIsLeft) {
  const TemporaryFolder folder;
  Kept kept(folder.path());
  ASSERT_TRUE(kept.shell("pwd; echo $MARK; exit 7"));
  ASSERT_TRUE(kept.wait_empty());
  EXPECT_EQ(*kept.keeper.main_status(), 7 << 8);
  EXPECT_EQ(kept.output(), folder.path() + "\nhere\n");
  ASSERT_TRUE(kept.shell("kill -9 $$"));
  ASSERT_TRUE(kept.wait_empty());
  EXPECT_EQ(*kept.keeper.main_status(), SIGKILL);
}

TEST(Keeper, TheProgramStartsClean) {
  const TemporaryFolder folder;
  Kept kept(folder.path());
  const io::Fd ours(::open("/dev/null", O_RDONLY));  // not close-on-exec: leaks into whatever does not close it
  ASSERT_TRUE(
      kept.shell("n=0; i=0; while [ $i -lt 40 ]; do [ -e /proc/$$/fd/$i ] && n=$((n+1)); i=$((i+1)); done; echo $n; readlink /proc/$$/fd/0; grep -E "
                 "'Sig(Blk|Ign)' /proc/self/status; ps -o sid= -p $$ | tr -d ' '; echo $$"));
  ASSERT_TRUE(kept.wait_empty());
  std::istringstream lines(kept.output());
  std::string fds, input, blocked, ignored, session, self;
  lines >> fds >> input;
  std::getline(lines, blocked);
  std::getline(lines, blocked);
  std::getline(lines, ignored);
  lines >> session >> self;
  EXPECT_EQ(fds, "3");
  EXPECT_EQ(input, "/dev/null");
  EXPECT_EQ(blocked, "SigBlk:\t0000000000000000");
  EXPECT_EQ(ignored, "SigIgn:\t0000000000000000");
  EXPECT_EQ(session, self) << "its own session";
}

TEST(Keeper, IsNotMisledByAParentThatIgnoresTheEndsOfItsChildren) {
  const TemporaryFolder folder;
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  Kept kept(folder.path());
  ::signal(SIGCHLD, before);
  ASSERT_TRUE(kept.shell("exit 3"));
  ASSERT_TRUE(kept.wait_empty());
  EXPECT_EQ(WEXITSTATUS(*kept.keeper.main_status()), 3);
}

TEST(Keeper, SaysWhyAProgramCannotStart) {
  const TemporaryFolder folder;
  Kept kept(folder.path());
  const auto missing = kept.spawn({"/no/such/program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message(), "the program /no/such/program cannot be started");
  const auto not_executable = kept.spawn({"/etc/passwd"});
  ASSERT_FALSE(not_executable);
  EXPECT_NE(not_executable.error().hint_text().find("chmod +x"), std::string::npos);
  const auto too_long = kept.spawn({"/bin/echo", std::string(200'000, 'x')});
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), ErrorCode::kInputTooLarge);
  kept.folder = "/no/such/folder";
  const auto no_folder = kept.spawn({"/bin/true"});
  ASSERT_FALSE(no_folder);
  EXPECT_EQ(no_folder.error().message(), "the working folder /no/such/folder is not there");
  kept.folder = folder.path();
  ASSERT_TRUE(kept.spawn({"/bin/true"})) << "and it goes on";
  ASSERT_TRUE(kept.wait_empty());
}

TEST(Keeper, RunsAScriptWithoutInterpreterLineByTheShell) {
  const TemporaryFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder.file("script"), "echo by $0 $1\n", 0755));
  Kept kept(folder.path());
  ASSERT_TRUE(kept.spawn({folder.file("script"), "x"}));
  ASSERT_TRUE(kept.wait_empty());
  EXPECT_EQ(kept.output(), "by " + folder.file("script") + " x\n");
}

TEST(Keeper, SigtermReachesStoppedAndOrphanedProcesses) {
  const TemporaryFolder folder;
  Kept kept(folder.path());
  ASSERT_TRUE(
      kept.shell("(setsid sh -c 'trap \"echo orphan got it; exit\" TERM; echo x > ready; while :; do sleep 0.05; done' &); "
                 "sh -c 'trap \"echo stopped got it; exit\" TERM; kill -STOP $$; sleep 9' & exec sleep 1000"));
  ASSERT_TRUE(run_until(kept.loop, [&] { return io::exists(folder.file("ready")); }));
  auto stopped = [&] {
    const auto all = io::descendants(kept.keeper.identity().pid);
    return std::any_of(all.begin(), all.end(), [](const auto& process) { return process.state == 'T'; });
  };
  ASSERT_TRUE(run_until(kept.loop, stopped));
  kept.keeper.signal_all(SIGTERM);
  ASSERT_TRUE(kept.wait_empty());
  EXPECT_NE(kept.output().find("orphan got it"), std::string::npos);
  EXPECT_NE(kept.output().find("stopped got it"), std::string::npos);
  EXPECT_EQ(*kept.keeper.main_status(), SIGTERM);
}

struct Mode {
  const char* name;
  ContainmentKind kind;
  bool unprivileged;
};

class KillAll : public ::testing::TestWithParam<Mode> {
 protected:
  void in_mode(const std::function<void()>& story) {
    if (::getuid() != 0 && GetParam().unprivileged) GTEST_SKIP() << "only root can become another user";
    EXPECT_EQ(in_process(story, GetParam().unprivileged ? std::optional(kNobody) : std::nullopt), 0);
  }
};

TEST_P(KillAll, NothingGetsAway) {
  const TemporaryFolder folder;
  in_mode([&] {
    auto group = ControlGroup::make("test-" + folder.path(), GetParam().kind);
    Kept kept(folder.path());
    ASSERT_TRUE(kept.shell(escaping_program(), group.join_files()));
    ASSERT_TRUE(run_until(kept.loop, [&] { return all_recorded(folder.path()); }));
    if (!group.folders().empty()) EXPECT_GE(group.members().size(), 4U);
    group.kill();
    kept.keeper.kill_all();
    ASSERT_TRUE(kept.wait_empty());
    EXPECT_TRUE(all_gone(folder.path()));
    EXPECT_TRUE(group.members().empty());
    group.remove();
    EXPECT_TRUE(group.folders().empty());
  });
}

TEST_P(KillAll, TheKeeperCleansUpAfterAKilledSupervisor) {
  const TemporaryFolder folder;
  in_mode([&] {
    const pid_t supervisor = ::fork();
    if (supervisor == 0) {
      Kept kept(folder.path());
      if (!kept.shell(escaping_program())) ::_exit(1);
      kept.loop.run();
      ::_exit(1);
    }
    ASSERT_TRUE(eventually([&] { return all_recorded(folder.path()); }));
    ASSERT_FALSE(all_gone(folder.path()));
    ::kill(supervisor, SIGKILL);
    ::waitpid(supervisor, nullptr, 0);
    EXPECT_TRUE(eventually([&] { return all_gone(folder.path()); }));
  });
}

TEST_P(KillAll, AForkBombEnds) {
  const TemporaryFolder folder;
  in_mode([&] {
    const rlimit few{400, 400};
    if (GetParam().unprivileged) ::setrlimit(RLIMIT_NPROC, &few);
    auto group = ControlGroup::make("bomb-" + folder.path(), GetParam().kind);
    Kept kept(folder.path());
    // At most some hundred at a time: each ends after a while, but has two children before.
    ASSERT_TRUE(kept.shell("b() { echo x >> count; sleep 0.05; [ $(stat -c %s count) -gt 3000 ] && exec sleep 1000; b & b & wait; }; b 2> /dev/null",
                           group.join_files()));
    ASSERT_TRUE(run_until(kept.loop, [&] { return io::exists(folder.file("count")) && io::read_file(folder.file("count"))->size() > 200; }));
    group.kill();
    kept.keeper.kill_all();
    ASSERT_TRUE(kept.wait_empty());
    group.remove();
  });
}

INSTANTIATE_TEST_SUITE_P(Modes, KillAll,
                         ::testing::Values(Mode{"cgroup1", ContainmentKind::kCgroup1, false}, Mode{"automatic", ContainmentKind::kAutomatic, false},
                                           Mode{"none", ContainmentKind::kNone, false}, Mode{"unprivileged", ContainmentKind::kAutomatic, true}),
                         [](const auto& mode) { return mode.param.name; });

TEST(Keeper, ItsDeathIsNoticedAndItsProcessesAreKilled) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_process([&] {
              Kept kept(folder.path());
              ASSERT_TRUE(kept.shell(escaping_program()));
              ASSERT_TRUE(run_until(kept.loop, [&] { return all_recorded(folder.path()); }));
              ::kill(kept.keeper.identity().pid, SIGKILL);
              ASSERT_TRUE(run_until(kept.loop, [&] { return kept.keeper.is_dead(); }));
              kill_orphans();
              EXPECT_TRUE(all_gone(folder.path()));
            }),
            0);
}

// exec lets the parent go on before close-on-exec has run; a child then holds other runs' pipe ends for a moment, and end of file comes late.
TEST(Keeper, AThousandSpawnsEachSeeTheEndOfTheirPipe) {
  const TemporaryFolder folder;
  Kept kept(folder.path());
  for (int i = 0; i < 1000; ++i) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const io::Fd reading(ends[0]);
    io::Fd writing(ends[1]);
    SpawnRequest request;
    request.arguments = {"/bin/true"};
    request.working_directory = "/";
    request.standard_output = request.standard_error = writing.get();
    ASSERT_TRUE(run_task(kept.loop, kept.keeper.spawn(std::move(request))));
    writing.reset();
    ASSERT_TRUE(kept.wait_empty());
    char byte = 0;
    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    ASSERT_EQ(::read(reading.get(), &byte, 1), 0) << "spawn " << i;
  }
}

}  // namespace
}  // namespace stoker::supervisor
