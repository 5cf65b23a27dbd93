#include "supervisor/script/script_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "supervisor/link/link_test_server.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;
using namespace std::chrono_literals;

/// A script's end of the socket, on the test's own thread; the loop runs only while the test says so.
class Script {
 public:
  explicit Script(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  void say(const std::string& text) { EXPECT_TRUE(io::write_all(fd_.get(), text)); }
  void hang_up() { fd_.reset(); }
  /// The next answer when it is there.
  std::optional<json::object> answer() {
    char bytes[65536];
    const auto count = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    const auto end = buffer_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    auto value = parse_json(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end + 1);
    return value->get_object();
  }
  bool connected = false;

 private:
  io::Fd fd_;
  std::string buffer_;
};

struct Desk {
  explicit Desk(const std::string& dir) : spool(dir, RunId("exp_1_abcdef01"), 1) {
    start.run = RunId("exp_1_abcdef01");
    start.attempt = 1;
    start.spec.command = "true";
    EXPECT_TRUE(io::make_directories(dir + "/spool"));
    EXPECT_TRUE(spool.create(start));
    journal = *Journal::create(spool, loop, clock, grown);
    io::HttpOptions options;
    options.url = server.url();
    workers.emplace(loop, options, 2);
    uploader.emplace(context(), *workers);
    calls.emplace(context(), *workers, *uploader);
    listener.emplace(context(), *calls, clock);
    path = *listener->open();
  }
  ~Desk() {
    run_task(loop, listener->stop());
    run_task(loop, uploader->stop());
  }
  AttemptContext context() { return {start, spool, *journal, loop, pool}; }
  bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }
  json::object ask(Script& script, const std::string& line) {
    script.say(line + "\n");
    std::optional<json::object> answer;
    EXPECT_TRUE(until([&] { return (answer = script.answer()).has_value(); })) << line;
    return answer.value_or(json::object());
  }
  std::vector<MetricPoint> points() {
    std::vector<MetricPoint> list;
    EXPECT_TRUE(journal->replay([&](const Record& record) {
      if (const auto* metric = std::get_if<MetricRecord>(&record.payload)) list.push_back(metric->point);
    }));
    return list;
  }
  std::string said() { return journal->output_tail(1 << 20); }

  PlayedServer server;
  io::Loop loop;
  io::Pool pool{1};
  SystemClock clock;
  io::Signal grown{loop};
  StartMessage start;
  Spool spool;
  std::unique_ptr<Journal> journal;
  std::optional<HttpWorkers> workers;
  std::optional<Uploader> uploader;
  std::optional<ScriptCalls> calls;
  std::optional<ScriptListener> listener;
  std::string path;
};

std::string metric(int value) { return fmt::format("{{\"op\":\"metric\",\"name\":\"loss\",\"value\":{}}}\n", value); }

TEST(ScriptSocket, LiesInAPrivateFolderUnderAShortNameAndGoesAtTheEnd) {
  TemporaryFolder folder;
  std::string path;
  {
    Desk desk(folder.path());
    path = desk.path;
    EXPECT_LT(path.size(), kMaxSocketPath);
    struct stat info{};
    ASSERT_EQ(::stat(path.substr(0, path.rfind('/')).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
    run_task(desk.loop, desk.listener->drain());
    EXPECT_FALSE(io::exists(path));
  }
  EXPECT_FALSE(io::exists(path.substr(0, path.rfind('/'))));
}

TEST(ScriptSocket, TakesTheNameOverFromASupervisorThatWasKilled) {
  TemporaryFolder folder;
  const Spool spool(folder.path(), RunId("exp_1_abcdef01"), 1);
  ASSERT_TRUE(io::make_directories(socket_folder(spool.path())));
  ASSERT_TRUE(io::write_file_atomically(socket_folder(spool.path()) + "/s", ""));
  Desk desk(folder.path());
  EXPECT_EQ(desk.path, socket_folder(spool.path()) + "/s");
  EXPECT_TRUE(Script(desk.path).connected);
}

TEST(ScriptSocket, WhatIsLoggedIsJournalledInOrderAndNotAnswered) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  std::string lines;  // one write: the loop does not read before this thread lets it
  for (int i = 0; i < 1000; ++i) lines += metric(i);
  script.say(lines);
  ASSERT_TRUE(desk.until([&] { return desk.journal->last_seq() == 1000; }));
  const auto points = desk.points();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(points[static_cast<std::size_t>(i)].values[0], MetricValue(std::int64_t{i}));
  EXPECT_FALSE(script.answer());
}

TEST(ScriptSocket, ALineMayComeInPieces) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  for (const char byte : metric(5)) {
    script.say(std::string(1, byte));
    desk.loop.restart();
    desk.loop.poll();
  }
  EXPECT_TRUE(desk.until([&] { return desk.journal->last_seq() == 1; }));
}

TEST(ScriptSocket, ABadLineIsToldInTheLogAndTheNextOneCounts) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  script.say("nonsense\n" + metric(1));
  ASSERT_TRUE(desk.until([&] { return desk.points().size() == 1; }));
  EXPECT_NE(desk.said().find("stoker: something that the script logged was not understood"), std::string::npos);
  EXPECT_EQ(desk.ask(script, R"({"op":"dance","id":9})").at("error").at("code"), json::value("input.invalid"));
}

TEST(ScriptSocket, AFloodOfBadLinesDoesNotFloodTheLog) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "nonsense\n";
  script.say(lines + metric(1));
  ASSERT_TRUE(desk.until([&] { return desk.points().size() == 1; }));
  EXPECT_EQ(std::ranges::count(desk.said(), '\n'), 100);
}

TEST(ScriptSocket, ALineBeyondTheBoundIsRefusedAndTheNextOneCounts) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  std::thread other([&] {
    Script script(desk.path);
    const std::string piece(1U << 20, 'x');
    for (int i = 0; i < 70; ++i) script.say(piece);
    script.say("\n" + metric(1));
  });
  EXPECT_TRUE(desk.until([&] { return desk.points().size() == 1; }));
  other.join();
  EXPECT_NE(desk.said().find("longer than 67108864 bytes"), std::string::npos);
}

TEST(ScriptSocket, DrainTakesWhatGoneProcessesHaveSentAlsoOnConnectionsNeverAccepted) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  for (int i = 0; i < 20; ++i) {
    Script script(desk.path);
    script.say(metric(i));
    script.say(metric(i).substr(0, metric(i).size() - 1));  // without its newline
  }
  run_task(desk.loop, desk.listener->drain());
  EXPECT_EQ(desk.points().size(), 40U);
}

TEST(ScriptSocket, FlushSaysWhetherTheServerHasIt) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  script.say(metric(1));
  EXPECT_EQ(desk.ask(script, R"({"op":"flush","id":1,"timeout":0})").at("delivered"), json::value(false));
  desk.journal->acked(1);
  const auto answer = desk.ask(script, R"({"op":"flush","id":2,"timeout":5})");
  EXPECT_EQ(answer.at("delivered"), json::value(true));
  EXPECT_EQ(answer.at("ok"), json::value(true));
  EXPECT_EQ(answer.at("id"), json::value(2));
}

TEST(ScriptSocket, ACallDoesNotHoldUpWhatIsLoggedMeanwhile) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  script.say(metric(1) + R"({"op":"flush","id":1,"timeout":3600})" + "\n" + metric(2));
  ASSERT_TRUE(desk.until([&] { return desk.points().size() == 2; }));
  EXPECT_FALSE(script.answer());
}

TEST(ScriptSocket, UploadsAFileAndSaysWhatIsWrongWithOne) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  ASSERT_TRUE(io::write_file_atomically(folder.file("model"), "weights"));
  EXPECT_EQ(desk.ask(script, fmt::format(R"({{"op":"upload","id":1,"name":"outputs/my model","path":"{}"}})", folder.file("model"))).at("ok"),
            json::value(true));
  EXPECT_EQ(desk.server.files().at("outputs/my%20model"), "weights");
  EXPECT_NE(desk.server.heads().at(0).find("X-Stoker-Origin: upload"), std::string::npos);
  const auto missing = desk.ask(script, fmt::format(R"({{"op":"upload","id":2,"name":"x","path":"{}"}})", folder.file("no")));
  EXPECT_EQ(missing.at("error").at("code"), json::value("not_found"));
  const auto folder_itself = desk.ask(script, fmt::format(R"({{"op":"upload","id":3,"name":"x","path":"{}"}})", folder.path()));
  EXPECT_EQ(folder_itself.at("error").at("code"), json::value("input.invalid"));
  const auto escape = desk.ask(script, fmt::format(R"({{"op":"upload","id":4,"name":"../x","path":"{}"}})", folder.file("model")));
  EXPECT_EQ(escape.at("error").at("code"), json::value("input.invalid"));
}

TEST(ScriptSocket, CallsOfTheApiComeBackWithTheirStatus) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  desk.server.answers["GET /api/v1/runs/x"] = R"({"id":"x"})";
  const auto found = desk.ask(script, R"({"op":"api","id":1,"method":"GET","path":"/api/v1/runs/x"})");
  EXPECT_EQ(found.at("status"), json::value(200));
  EXPECT_EQ(found.at("body").at("id"), json::value("x"));
  EXPECT_EQ(desk.ask(script, R"({"op":"api","id":2,"method":"GET","path":"/api/v1/runs/y"})").at("status"), json::value(404));
}

TEST(ScriptSocket, PropertiesAreAskedOfTheServerBecauseTheyMayFail) {
  TemporaryFolder folder;
  Desk desk(folder.path());
  Script script(desk.path);
  EXPECT_EQ(desk.ask(script, R"({"op":"properties","id":1,"values":{"k":"v"}})").at("error").at("code"), json::value("not_found"));
  desk.server.answers["PATCH /api/v1/runs/exp_1_abcdef01"] = "{}";
  EXPECT_EQ(desk.ask(script, R"({"op":"properties","id":2,"values":{"k":"v"}})").at("ok"), json::value(true));
  EXPECT_EQ(desk.server.bodies().back(), R"({"properties":{"k":"v"}})");
}

TEST(ScriptSocket, AnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  TemporaryFolder folder;
  Desk desk(folder.path());
  ::chmod(desk.path.substr(0, desk.path.rfind('/')).c_str(), 0755);
  ::chmod(desk.path.c_str(), 0777);
  EXPECT_EQ(in_process(
                [&] {
                  Script script(desk.path);
                  EXPECT_TRUE(script.connected);
                  script.say(metric(1));
                },
                kNobody),
            0);
  ASSERT_TRUE(desk.until([&] { return desk.said().find("another user") != std::string::npos; }));
  EXPECT_EQ(desk.points().size(), 0U);
}

}  // namespace
}  // namespace stoker::supervisor
