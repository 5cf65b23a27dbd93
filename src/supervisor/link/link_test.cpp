#include "supervisor/link/link.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "supervisor/link/link_services.hpp"
#include "supervisor/link/link_test_server.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;
using namespace std::chrono_literals;

StartMessage an_attempt(const std::string& command, int attempt = 1) {
  StartMessage start;
  start.run = RunId("exp_1_abcdef01");
  start.attempt = attempt;
  start.spec.command = command;
  start.spec.grace_seconds = 1;
  start.spec.inherited = {{"PATH", "/usr/bin:/bin"}};
  return start;
}

/// A whole supervisor, with a server that is played.
struct Station {
  explicit Station(const std::string& dir, const std::string& url, LinkSettings link_settings = {}) : keeper(loop, *start_keeper()) {
    Settings settings;
    settings.dir = dir;
    settings.id = "local-1";
    settings.server_url = url;
    settings.token = "sst1.local-1.x";
    supervisor = std::make_unique<Supervisor>(loop, pool, clock, settings, keeper, link_services({url, settings.token}, clock));
    EXPECT_TRUE(supervisor->start());
    link.emplace(loop, *supervisor, link_settings);
    tasks.spawn("link", link->run());
  }
  ~Station() {
    tasks.cancel();
    run_task(loop, tasks.join());
    run_task(loop, supervisor->stop("test over"));
    loop.restart();
    loop.poll();
  }
  bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }
  bool is_done() {
    bool done = false;
    io::TaskGroup waiting(loop, "test");
    auto wait = [](Supervisor& waited, bool& ended) -> io::Task<void> {
      co_await waited.wait_done();
      ended = true;
    };
    waiting.spawn("done", wait(*supervisor, done));
    return until([&] { return done; });
  }

  io::Loop loop;
  io::Pool pool{2};
  SystemClock clock;
  Keeper keeper;
  std::unique_ptr<Supervisor> supervisor;
  std::optional<Link> link;
  io::TaskGroup tasks{loop, "test"};
};

std::vector<std::string> spools(const TemporaryFolder& folder) {
  return io::exists(folder.file("spool")) ? *io::list_directory(folder.file("spool")) : std::vector<std::string>();
}

TEST(Link, TakesAnAttemptFromStartToReleaseAndIsIdleAgain) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("echo hello; echo data > outputs/f; exit 3")};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.idles() == 1; }));
  const auto hello = server.hellos().at(0);
  EXPECT_EQ(hello.supervisor_id, "local-1");
  EXPECT_EQ(hello.pid, ::getpid());
  EXPECT_FALSE(hello.current);
  EXPECT_NE(server.output().find("hello\n"), std::string::npos);
  EXPECT_EQ(server.all<ExitedRecord>().at(0).end.exit_code, 3);
  EXPECT_EQ(server.all<FinishedRecord>().size(), 1U);
  EXPECT_EQ(server.files().at("outputs/f"), "data\n");
  EXPECT_EQ(server.all<FileRecord>().at(0).path, "outputs/f");
  EXPECT_TRUE(station.until([&] { return spools(folder).empty(); }));
}

TEST(Link, BeginsTheNextAttemptThatComesRightBehindTheRelease) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("echo first")};
  server.after_release = {an_attempt("echo second", 2)};
  Station station(folder.path(), server.url());
  EXPECT_TRUE(station.until([&] { return server.output().find("second") != std::string::npos; }));
}

TEST(Link, AfterACutEverythingUnacknowledgedComesAgainAndNothingIsMissing) {
  TemporaryFolder folder;
  PlayedServer server;
  server.cuts_after_batches = 3;
  server.says_after_welcome = {an_attempt("for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.02; done")};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.idles() >= 1; }));
  ASSERT_GE(server.hellos().size(), 2U);
  EXPECT_EQ(server.hellos()[1].current->run.text(), "exp_1_abcdef01");
  EXPECT_NE(server.output().find("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\n"), std::string::npos) << server.output();
  std::set<std::uint64_t> numbers;
  for (const auto& [when, record] : server.records()) numbers.insert(record.seq);
  EXPECT_EQ(*numbers.begin(), 1U);
  EXPECT_EQ(*numbers.rbegin(), numbers.size());
}

TEST(Link, AServerThatComesBackElsewhereInTimeGetsEverything) {
  TemporaryFolder folder;
  std::uint16_t port = 0;
  auto first = std::make_unique<PlayedServer>();
  port = first->port();
  first->says_after_welcome = {an_attempt("echo early; while [ ! -e go ]; do sleep 0.01; done; echo late; echo x > outputs/f")};
  Station station(folder.path(), first->url());
  ASSERT_TRUE(station.until([&] { return first->output().find("early") != std::string::npos; }));
  first.reset();
  ASSERT_TRUE(io::write_file_atomically(folder.file("spool/exp_1_abcdef01.1/work/go"), ""));
  ASSERT_TRUE(station.until([&] { return station.supervisor->journal()->output_tail(1000).find("late") != std::string::npos; }));
  PlayedServer second(port);
  ASSERT_TRUE(station.until([&] { return second.idles() == 1; }));
  EXPECT_NE(second.output().find("late\n"), std::string::npos);
  EXPECT_EQ(second.files().at("outputs/f"), "x\n");
  EXPECT_EQ(second.all<ExitedRecord>().size(), 1U);
}

TEST(Link, OutputIsAtTheServerLineByLine) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.1; done")};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.idles() == 1; }));
  const auto is_output = [](const auto& entry) {
    const auto* output = std::get_if<OutputRecord>(&entry.second.payload);
    return output != nullptr && output->stream == Stream::kStdout;
  };
  const auto records = server.records();
  EXPECT_EQ(std::ranges::count_if(records, is_output), 9) << "one at a time, as they were written";
}

TEST(Link, CancelReachesTheScript) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("exec sleep 1000"), CancelMessage{RunId("exp_1_abcdef01"), 1, 1, "ada"}};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.idles() == 1; }));
  EXPECT_EQ(server.all<ExitedRecord>().at(0).end.reason, EndReason::kCanceled);
}

TEST(Link, ARefusedAttemptIsKilledAndItsSpoolGoes) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("echo runs; exec sleep 1000")};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.output().find("runs") != std::string::npos; }));
  server.say_next({RefusedMessage{"stale", false, RunId("exp_1_abcdef01"), 1}});
  server.cut();
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_idle() && spools(folder).empty(); }));
  EXPECT_EQ(server.hellos().size(), 2U);
  EXPECT_TRUE(server.all<FinishedRecord>().empty());
}

TEST(Link, ARefusalForGoodLeavesWhatRunsAlone) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {an_attempt("echo runs; while [ ! -e go ]; do sleep 0.01; done; echo done")};
  Station station(folder.path(), server.url());
  ASSERT_TRUE(station.until([&] { return server.output().find("runs") != std::string::npos; }));
  server.say_next({RefusedMessage{"who are you", true, RunId(), 0}});
  server.cut();
  ASSERT_TRUE(station.until([&] { return server.hellos().size() >= 3; }));
  ASSERT_TRUE(io::write_file_atomically(folder.file("spool/exp_1_abcdef01.1/work/go"), ""));
  ASSERT_TRUE(station.until([&] { return server.all<FinishedRecord>().size() == 1; }));
  EXPECT_NE(server.output().find("done\n"), std::string::npos);
}

TEST(Link, QuitEndsAnIdleSupervisor) {
  TemporaryFolder folder;
  PlayedServer server;
  server.says_after_welcome = {QuitMessage{}};
  Station station(folder.path(), server.url());
  EXPECT_TRUE(station.is_done());
}

TEST(Link, ARefusalForGoodEndsAnIdleSupervisor) {
  TemporaryFolder folder;
  PlayedServer server;
  server.instead_of_welcome = RefusedMessage{"version 1 is unknown", true, RunId(), 0};
  Station station(folder.path(), server.url());
  EXPECT_TRUE(station.is_done());
}

TEST(Link, AnIdleSupervisorGivesUpAServerThatStaysAway) {
  TemporaryFolder folder;
  LinkSettings settings;
  settings.idle_patience = 200ms;
  Station station(folder.path(), "http://127.0.0.1:1", settings);
  EXPECT_TRUE(station.is_done());
}

TEST(Link, AFinishedAttemptIsLeftInTheSpoolWhenTheServerStaysAway) {
  TemporaryFolder folder;
  LinkSettings settings;
  settings.finished_patience = 200ms;
  auto server = std::make_unique<PlayedServer>();
  server->releases = false;
  server->says_after_welcome = {an_attempt("echo kept")};
  Station station(folder.path(), server->url(), settings);
  ASSERT_TRUE(station.until([&] { return station.supervisor->is_settled(); }));
  server.reset();
  EXPECT_TRUE(station.is_done());
  EXPECT_EQ(spools(folder).size(), 1U);
}

TEST(Link, AThousandRecordsBehindASmallWindowAllArrive) {
  TemporaryFolder folder;
  PlayedServer server;
  LinkSettings settings;
  settings.window_bytes = 1;
  server.says_after_welcome = {an_attempt("i=0; while [ $i -lt 1000 ]; do echo $i; i=$((i+1)); done")};
  Station station(folder.path(), server.url(), settings);
  ASSERT_TRUE(station.until([&] { return server.idles() == 1; }));
  EXPECT_EQ(std::ranges::count(server.output(), '\n') >= 1000, true);
}

}  // namespace
}  // namespace stoker::supervisor
