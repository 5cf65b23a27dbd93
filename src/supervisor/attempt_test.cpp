#include "supervisor/attempt.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "supervisor/processes/leftovers.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;
using std::chrono::seconds;

// The network side, played: a snapshot that is a file `from-snapshot`, uploads that note what there was to upload.
struct Played {
  bool snapshot_hangs = false;
  bool uploads_hang = false;
  std::optional<Error> snapshot_error;
  std::vector<std::string> uploaded;
  int stopped = 0;
};

class PlayedSnapshot final : public SnapshotSource {
 public:
  PlayedSnapshot(const AttemptContext& context, Played& played) : context_(context), played_(played) {}
  io::Task<Status> fetch() override {
    while (played_.snapshot_hangs) co_await io::sleep_for(seconds(1));
    if (played_.snapshot_error) co_return *played_.snapshot_error;
    co_return io::write_file_atomically(context_.spool.work() + "/from-snapshot", "x");
  }

 private:
  AttemptContext context_;
  Played& played_;
};

class PlayedUploads final : public Uploads {
 public:
  PlayedUploads(const AttemptContext& context, Played& played) : context_(context), played_(played) {}
  void begin() override {}
  io::Task<Status> finish() override {
    while (played_.uploads_hang) co_await io::sleep_for(seconds(1));
    CO_TRY(const auto names, io::list_directory(context_.spool.outputs()));
    played_.uploaded.insert(played_.uploaded.end(), names.begin(), names.end());
    co_return ok();
  }
  io::Task<void> stop() override {
    ++played_.stopped;
    co_return;
  }

 private:
  AttemptContext context_;
  Played& played_;
};

class PlayedSocket final : public ScriptSocket {
 public:
  explicit PlayedSocket(Played& played) : played_(played) {}
  Result<std::string> open() override { return std::string("/tmp/socket"); }
  io::Task<void> drain() override { co_return; }
  io::Task<void> stop() override {
    ++played_.stopped;
    co_return;
  }

 private:
  Played& played_;
};

// A supervisor with everything real but the network.
struct Station {
  explicit Station(const std::string& dir, ContainmentKind containment = ContainmentKind::kAutomatic) : keeper(loop, *start_keeper()) {
    Settings settings;
    settings.dir = dir;
    settings.id = "test";
    settings.containment = containment;
    auto services = [this](const AttemptContext& context) {
      return AttemptServices{std::make_unique<PlayedSnapshot>(context, played), std::make_unique<PlayedUploads>(context, played),
                             std::make_unique<PlayedSocket>(played)};
    };
    supervisor = std::make_unique<Supervisor>(loop, pool, clock, settings, keeper, services);
    EXPECT_TRUE(supervisor->start());
  }
  ~Station() {
    run_task(loop, supervisor->stop("test over"));
    loop.restart();
    loop.poll();
  }
  bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }
  bool settled() {
    return until([this] { return supervisor->is_settled(); });
  }
  std::vector<Record> records() {
    std::vector<Record> list;
    EXPECT_TRUE(supervisor->journal()->replay([&](const Record& record) { list.push_back(record); }));
    return list;
  }
  std::vector<ExitedRecord> exits() {
    std::vector<ExitedRecord> list;
    for (const auto& record : records())
      if (const auto* exited = std::get_if<ExitedRecord>(&record.payload)) list.push_back(*exited);
    return list;
  }
  ExitedRecord the_end() {
    EXPECT_TRUE(settled());
    const auto list = exits();
    EXPECT_EQ(list.size(), 1U) << "an end is told exactly once";
    EXPECT_TRUE(std::holds_alternative<FinishedRecord>(records().back().payload));
    return list.empty() ? ExitedRecord{} : list.front();
  }
  std::string output() { return supervisor->journal()->output_tail(1 << 20); }
  std::vector<std::string> phases() {
    std::vector<std::string> list;
    for (const auto& record : records()) {
      if (const auto* phase = std::get_if<PhaseRecord>(&record.payload)) list.push_back((phase->begins ? "+" : "-") + phase->name);
    }
    return list;
  }

  io::Loop loop;
  io::Pool pool{2};
  SystemClock clock;
  Keeper keeper;
  Played played;
  std::unique_ptr<Supervisor> supervisor;
};

StartMessage a_command(const std::string& command, int attempt = 1) {
  StartMessage start;
  start.run = RunId("exp_1_abcdef01");
  start.attempt = attempt;
  start.spec.command = command;
  start.spec.grace_seconds = 1;
  start.spec.environment.settings["interpreter"] = "python3";
  start.spec.inherited = {{"PATH", "/usr/bin:/bin"}};
  return start;
}

TEST(Attempt, RunsACommandAndTellsItsLife) {
  const TemporaryFolder folder;
  Station station(folder.path());
  auto start = a_command("ls; pwd; echo $STOKER_ATTEMPT $STOKER_SOCKET; echo made > outputs/model; exit 3");
  start.spec.snapshot = SnapshotId(std::string(64, 'a'));
  ASSERT_TRUE(station.supervisor->begin(start));
  EXPECT_TRUE(station.supervisor->begin(start)) << "the same attempt again changes nothing";
  const auto end = station.the_end();
  EXPECT_EQ(end.end.message, "exited with code 3");
  const auto work = Spool(folder.path(), start.run, 1).work();
  EXPECT_EQ(station.output(), "from-snapshot\nlogs\noutputs\n" + work + "\nexp_1_abcdef01.1 /tmp/socket\n");
  EXPECT_EQ(station.phases(),
            (std::vector<std::string>{"+snapshot", "-snapshot", "+environment", "-environment", "+run", "-run", "+finalize", "-finalize"}));
  EXPECT_EQ(station.played.uploaded, std::vector<std::string>{"model"});
}

TEST(Attempt, TellsItsEnvironmentAndWhatItUsedHoweverShort) {
  const TemporaryFolder folder;
  Station station(folder.path());
  ASSERT_TRUE(station.supervisor->begin(a_command("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo x > file")));
  station.the_end();
  std::vector<EnvironmentRecord> environments;
  std::optional<SampleRecord> last;
  for (const auto& record : station.records()) {
    if (const auto* environment = std::get_if<EnvironmentRecord>(&record.payload)) environments.push_back(*environment);
    if (const auto* sample = std::get_if<SampleRecord>(&record.payload)) last = *sample;
  }
  ASSERT_EQ(environments.size(), 1U);
  EXPECT_EQ(environments[0].content.at("kind").as_string(), "user-managed");
  EXPECT_TRUE(environments[0].content.at("interpreter").is_string());
  EXPECT_FALSE(environments[0].content.at("platform").as_string().empty());
  ASSERT_TRUE(last);
  EXPECT_GT(last->values.at("cpu_seconds").as_double(), 0);
}

TEST(Attempt, WithoutAStartNothingIsObserved) {
  const TemporaryFolder folder;
  Station station(folder.path());
  auto start = a_command("");
  start.spec.command.reset();
  start.spec.argv = {"/no/such/program"};
  ASSERT_TRUE(station.supervisor->begin(start));
  station.the_end();
  for (const auto& record : station.records())
    EXPECT_FALSE(std::holds_alternative<SampleRecord>(record.payload) || std::holds_alternative<EnvironmentRecord>(record.payload));
}

TEST(Attempt, ReleaseRemovesTheSpoolAndTheNextMayCome) {
  const TemporaryFolder folder;
  Station station(folder.path());
  const auto first = a_command("echo 1");
  ASSERT_TRUE(station.supervisor->begin(first));
  station.supervisor->release(first.run, 1);
  EXPECT_FALSE(station.supervisor->is_idle()) << "not before it has finished";
  ASSERT_TRUE(station.settled());
  EXPECT_EQ(station.supervisor->begin(a_command("echo 2", 2)).error().code(), ErrorCode::kWrongState);
  station.supervisor->release(first.run, 7);
  EXPECT_FALSE(station.supervisor->is_idle()) << "another attempt's release";
  station.supervisor->release(first.run, 1);
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_idle(); }));
  EXPECT_FALSE(io::exists(Spool(folder.path(), first.run, 1).path()));
  EXPECT_EQ(station.played.stopped, 2);
  ASSERT_TRUE(station.supervisor->begin(a_command("echo 2", 2)));
  EXPECT_EQ(station.the_end().end.exit_code, 0);
}

TEST(Attempt, StartFailuresAreEndsToo) {
  const TemporaryFolder folder;
  {
    Station station(folder.path());
    auto start = a_command("true");
    start.spec.snapshot = SnapshotId(std::string(64, 'a'));
    station.played.snapshot_error = Error(ErrorCode::kSnapshotCorrupt, "the snapshot is damaged");
    ASSERT_TRUE(station.supervisor->begin(start));
    const auto end = station.the_end();
    EXPECT_EQ(end.end.reason, EndReason::kStartFailed);
    EXPECT_EQ(end.error->message, "the snapshot is damaged");
  }
  Station station(folder.path());
  ASSERT_TRUE(station.settled()) << "taken up again, and still only one end";
  EXPECT_EQ(station.exits().size(), 1U);
  station.supervisor->release(RunId("exp_1_abcdef01"), 1);
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_idle(); }));
  auto start = a_command("");
  start.spec.command.reset();
  start.spec.argv = {"/no/such/program"};
  ASSERT_TRUE(station.supervisor->begin(start));
  const auto end = station.the_end();
  EXPECT_EQ(end.end.reason, EndReason::kStartFailed);
  EXPECT_NE(end.error->message.find("/no/such/program"), std::string::npos) << end.error->message;
}

TEST(Attempt, CancelWhilePreparing) {
  const TemporaryFolder folder;
  Station station(folder.path());
  station.played.snapshot_hangs = true;
  auto start = a_command("true");
  start.spec.snapshot = SnapshotId(std::string(64, 'a'));
  ASSERT_TRUE(station.supervisor->begin(start));
  ASSERT_TRUE(station.until([&] { return station.supervisor->journal()->last_seq() >= 2; }));
  station.supervisor->cancel(start.run, 1, seconds(1), "ann");
  const auto end = station.the_end();
  EXPECT_EQ(end.end.reason, EndReason::kCanceled);
  EXPECT_EQ(end.end.message, "canceled by ann");
  EXPECT_FALSE(end.end.exit_code);
}

struct Mode {
  const char* name;
  ContainmentKind kind;
  bool unprivileged;
};
class AttemptModes : public ::testing::TestWithParam<Mode> {
 protected:
  void in_mode(const std::function<void(Station&)>& story) {
    if (::getuid() != 0 && GetParam().unprivileged) GTEST_SKIP() << "only root can become another user";
    auto inside = [&] {
      Station station(folder.path(), GetParam().kind);
      story(station);
    };
    EXPECT_EQ(in_process(inside, GetParam().unprivileged ? std::optional(kNobody) : std::nullopt), 0);
  }
  std::string work() const { return Spool(folder.path(), RunId("exp_1_abcdef01"), 1).work(); }
  bool escaped() const { return io::exists(work()) && all_recorded(work()); }

  TemporaryFolder folder;
};

TEST_P(AttemptModes, CancelReachesEveryProcess) {
  in_mode([&](Station& station) {
    ASSERT_TRUE(station.supervisor->begin(a_command(escaping_program())));
    ASSERT_TRUE(station.until([&] { return escaped(); }));
    station.supervisor->cancel(RunId("exp_1_abcdef01"), 1, seconds(0), "ann");
    EXPECT_EQ(station.the_end().end.reason, EndReason::kCanceled);
    EXPECT_TRUE(all_gone(work()));
    EXPECT_TRUE(io::descendants(station.keeper.identity().pid).empty());
    EXPECT_TRUE(ControlGroup::find("exp_1_abcdef01.1", {}).folders().empty());
  });
}

TEST_P(AttemptModes, TimeLimitEndsWhatIgnoresSigterm) {
  in_mode([&](Station& station) {
    auto start = a_command(escaping_program());
    start.spec.max_run_duration_seconds = 1;
    ASSERT_TRUE(station.supervisor->begin(start));
    const auto end = station.the_end();
    EXPECT_EQ(end.end.reason, EndReason::kTimeLimit);
    EXPECT_EQ(end.end.signal, SIGKILL);
    EXPECT_TRUE(all_gone(work()));
  });
}

TEST_P(AttemptModes, BackgroundChildrenEndWithTheMainProcess) {
  in_mode([&](Station& station) {
    ASSERT_TRUE(
        station.supervisor->begin(a_command("(setsid sh -c 'trap \"echo bye; exit\" TERM; echo $$ > pid-main; while :; do sleep 0.05; done' &); "
                                            "while [ ! -s pid-main ]; do sleep 0.01; done; exit 5")));
    EXPECT_EQ(station.the_end().end.exit_code, 5);
    EXPECT_TRUE(station.output().ends_with("bye\n")) << "SIGTERM first: " << station.output();
    EXPECT_TRUE(all_gone(work()));
  });
}

INSTANTIATE_TEST_SUITE_P(Modes, AttemptModes,
                         ::testing::Values(Mode{"cgroup1", ContainmentKind::kCgroup1, false}, Mode{"automatic", ContainmentKind::kAutomatic, false},
                                           Mode{"none", ContainmentKind::kNone, false}, Mode{"unprivileged", ContainmentKind::kAutomatic, true}),
                         [](const auto& mode) { return mode.param.name; });

TEST(Attempt, ATeeThatStillWritesMayFinish) {
  const TemporaryFolder folder;
  Station station(folder.path());
  ASSERT_TRUE(station.supervisor->begin(a_command("seq 200000 | (sleep 0.2; cat) & exit 0")));
  EXPECT_EQ(station.the_end().end.exit_code, 0);
  EXPECT_TRUE(station.output().ends_with("\n200000\n"));
}

TEST(Attempt, RefusedIsDroppedWithoutAWord) {
  const TemporaryFolder folder;
  Station station(folder.path());
  const auto start = a_command(escaping_program());
  const auto work = Spool(folder.path(), start.run, 1).work();
  ASSERT_TRUE(station.supervisor->begin(start));
  ASSERT_TRUE(station.until([&] { return io::exists(work) && all_recorded(work); }));
  const auto pids = recorded_pids(work);
  station.supervisor->refused(start.run, 1, "a newer attempt exists");
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_idle(); }));
  EXPECT_TRUE(std::all_of(pids.begin(), pids.end(), is_gone));
  EXPECT_FALSE(io::exists(work));
}

TEST(Attempt, QuitWaitsForTheAttempt) {
  const TemporaryFolder folder;
  Station station(folder.path());
  bool done = false;
  io::TaskGroup group(station.loop, "test");
  auto wait = [](Supervisor& supervisor, bool& done) -> io::Task<void> {
    co_await supervisor.wait_done();
    done = true;
  };
  group.spawn("wait", wait(*station.supervisor, done));
  ASSERT_TRUE(station.supervisor->begin(a_command("echo 1")));
  station.supervisor->quit();
  ASSERT_TRUE(station.settled());
  EXPECT_FALSE(done);
  station.supervisor->release(RunId("exp_1_abcdef01"), 1);
  EXPECT_TRUE(station.until([&] { return done; }));
}

TEST(Recovery, AKilledSupervisorsRunEndsOnceAsLostWithEveryByte) {
  const TemporaryFolder folder;
  const auto start = a_command("echo kept > outputs/file; echo before;" + escaping_program());
  const auto work = Spool(folder.path(), start.run, 1).work();
  const pid_t first = ::fork();
  if (first == 0) {
    Station station(folder.path());
    if (!station.supervisor->begin(start)) ::_exit(1);
    station.loop.restart();
    station.loop.run();
    ::_exit(1);
  }
  ASSERT_TRUE(eventually([&] { return io::exists(work) && all_recorded(work) && io::read_file(work + "/../output")->size() == 7U; }));
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
  Station station(folder.path());
  const auto end = station.the_end();
  EXPECT_EQ(end.end.reason, EndReason::kLost);
  EXPECT_EQ(end.end.message, "lost: its supervisor was killed");
  EXPECT_TRUE(eventually([&] { return all_gone(work); }));
  EXPECT_EQ(station.output(), "before\n");
  EXPECT_EQ(station.played.uploaded, std::vector<std::string>{"file"});
  const auto phases = station.phases();
  EXPECT_EQ(phases[phases.size() - 3], "-run") << "the open phase is ended";
}

TEST(Recovery, SupervisorAndKeeperKilledAtOnceLeaveNothing) {
  const TemporaryFolder folder;
  const auto start = a_command(escaping_program());
  const Spool spool(folder.path(), start.run, 1);
  const pid_t first = ::fork();
  if (first == 0) {
    Station station(folder.path(), ContainmentKind::kNone);
    if (!station.supervisor->begin(start)) ::_exit(1);
    station.loop.restart();
    station.loop.run();
    ::_exit(1);
  }
  ASSERT_TRUE(
      eventually([&] { return io::exists(spool.work()) && all_recorded(spool.work()) && spool.read_identity() && spool.read_identity()->main; }));
  const auto identity = *spool.read_identity();
  ::kill(identity.keeper.pid, SIGSTOP);  // so that it cannot clean up
  ::kill(first, SIGKILL);
  ::kill(identity.keeper.pid, SIGKILL);
  ::waitpid(first, nullptr, 0);
  // Without a group, what cleared its environment after a double fork cannot be found again; all others are.
  EXPECT_TRUE(kill_leftovers(spool.key(), identity));
  for (const auto* name : {"pid-main", "pid-background", "pid-stopped"})
    EXPECT_TRUE(is_gone(std::stoi(*io::read_file(spool.work() + "/" + name)))) << name;
  const auto left = io::identify(std::stoi(*io::read_file(spool.work() + "/pid-double")));
  if (left) EXPECT_TRUE(io::send_signal(*left, SIGKILL));
}

TEST(Recovery, WithAControlGroupNothingIsLeftEvenThen) {
  if (ControlGroup::make("probe", ContainmentKind::kAutomatic).folders().empty()) GTEST_SKIP() << "no control group can be made here";
  ControlGroup::find("probe", {}).remove();
  const TemporaryFolder folder;
  const auto start = a_command(escaping_program());
  const Spool spool(folder.path(), start.run, 1);
  const pid_t first = ::fork();
  if (first == 0) {
    Station station(folder.path());
    if (!station.supervisor->begin(start)) ::_exit(1);
    station.loop.restart();
    station.loop.run();
    ::_exit(1);
  }
  ASSERT_TRUE(
      eventually([&] { return io::exists(spool.work()) && all_recorded(spool.work()) && spool.read_identity() && spool.read_identity()->main; }));
  ::kill(spool.read_identity()->keeper.pid, SIGSTOP);
  ::kill(first, SIGKILL);
  ::kill(spool.read_identity()->keeper.pid, SIGKILL);
  ::waitpid(first, nullptr, 0);
  Station station(folder.path());
  EXPECT_EQ(station.the_end().end.reason, EndReason::kLost);
  EXPECT_TRUE(all_gone(spool.work()));
  EXPECT_TRUE(ControlGroup::find(spool.key(), {}).folders().empty());
}

TEST(Recovery, ARebootIsToldFromACrash) {
  const TemporaryFolder folder;
  const auto start = a_command("true");
  const Spool spool(folder.path(), start.run, 1);
  ASSERT_TRUE(spool.create(start));
  const auto self = *io::identify(::getpid());
  ASSERT_TRUE(spool.write_identity({"another-boot", self, self, self, {}}));
  Station station(folder.path());
  station.supervisor->acked(start.run, 1, 500);
  EXPECT_EQ(station.the_end().end.message, "lost: the machine was restarted");
  EXPECT_EQ(station.records().front().seq, 501U) << "what the power cut took here is known to the server";
}

TEST(Recovery, WhatTheServerHasInFullIsReleasedUntold) {
  const TemporaryFolder folder;
  const auto start = a_command("true");
  ASSERT_TRUE(Spool(folder.path(), start.run, 1).create(start));
  Station station(folder.path());
  EXPECT_FALSE(station.supervisor->is_idle());
  station.supervisor->release(start.run, 1);
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_idle(); }));
}

TEST(Recovery, ShutdownEndsTheRunAsLostAndLeavesDeliveryToTheNext) {
  const TemporaryFolder folder;
  {
    Station station(folder.path());
    ASSERT_TRUE(station.supervisor->begin(a_command("trap 'echo bye; exit 0' TERM; echo on; while :; do sleep 0.05; done")));
    ASSERT_TRUE(station.until([&] { return station.output() == "on\n"; }));
    run_task(station.loop, station.supervisor->stop("its supervisor was stopped by SIGTERM"));
    EXPECT_FALSE(station.supervisor->is_settled());
  }
  Station station(folder.path());
  const auto end = station.the_end();
  EXPECT_EQ(end.end.message, "lost: its supervisor was stopped by SIGTERM");
  EXPECT_TRUE(station.output().starts_with("on\n") && station.output().ends_with("bye\n")) << station.output();
}

TEST(Recovery, TheKeepersDeathEndsTheRunAndAsksForARestart) {
  const TemporaryFolder folder;
  EXPECT_EQ(in_process([&] {
              Station station(folder.path());
              const auto start = a_command(escaping_program());
              const auto work = Spool(folder.path(), start.run, 1).work();
              ASSERT_TRUE(station.supervisor->begin(start));
              ASSERT_TRUE(station.until([&] { return io::exists(work) && all_recorded(work); }));
              ::kill(station.keeper.identity().pid, SIGKILL);
              ASSERT_TRUE(station.until([&] { return station.supervisor->needs_restart(); }));
              EXPECT_TRUE(all_gone(work));
              const auto ends = station.exits();
              ASSERT_EQ(ends.size(), 1U);
              EXPECT_EQ(ends.front().end.reason, EndReason::kLost);
              EXPECT_FALSE(station.supervisor->is_settled()) << "uploads are the next one's";
            }),
            0);
}

}  // namespace
}  // namespace stoker::supervisor
