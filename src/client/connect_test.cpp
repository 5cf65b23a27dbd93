#include "client/connect.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "client/client.hpp"
#include "client/records.hpp"
#include "client/test_home.hpp"

namespace stoker::client {
namespace {

class ConnectTest : public TestHome {
 protected:
  void SetUp() override {
    if (!has_python()) GTEST_SKIP() << "needs python3";
  }
  std::size_t starts() const { return static_cast<std::size_t>(std::ranges::count(read("home/starts"), '\n')); }
};

TEST_F(ConnectTest, OfManyAtOnceOneStartsTheServerAndAllFindIt) {
  std::mutex mutex;
  std::set<std::string> urls;
  std::size_t started = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        const auto endpoint = connect(variables_, fake_server());
        const std::lock_guard lock(mutex);
        ASSERT_TRUE(endpoint) << endpoint.error().to_terminal();
        urls.insert(endpoint->url);
        started += endpoint->was_started ? 1 : 0;
        EXPECT_EQ(endpoint->token.size(), 64U);
      });
    }
  }
  EXPECT_EQ(urls.size(), 1U);
  EXPECT_EQ(started, 1U);
  EXPECT_EQ(starts(), 1U);
}

TEST_F(ConnectTest, FailingStartShowsTheLastLinesOfItsLogAndNoOlderOnes) {
  set_mode("fail");
  write("home/server.log", "an old line\n");
  const auto endpoint = connect(variables_, fake_server());
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code(), ErrorCode::kServerStart);
  EXPECT_NE(endpoint.error().cause().find("full of bees"), std::string::npos);
  EXPECT_EQ(endpoint.error().cause().find("an old line"), std::string::npos);
}

TEST_F(ConnectTest, KeptPortIsAskedForAgainAndGivenUpWhenTaken) {
  set_mode("port-taken");
  ASSERT_TRUE(keep_port(home_, 1));
  auto options = fake_server();
  std::vector<std::string> said;
  options.say = [&](std::string_view line) { said.emplace_back(line); };
  ASSERT_TRUE(connect(variables_, options));
  EXPECT_EQ(read("home/starts"), "1\n0\n");
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0], "port 1 is taken by another program, so the server picks a new one");
}

TEST_F(ConnectTest, RecordOfADeadServerIsStaleAndStartsANewOne) {
  ASSERT_TRUE(prepare_home(home_));
  const ServerRecord dead{.url = "http://127.0.0.1:1", .instance = "gone", .process = {.boot_id = io::boot_id(), .pid = 1, .start_time = 1}};
  ASSERT_TRUE(write_server_record(home_, dead));
  auto options = fake_server();
  options.start = Start::kAfterCrash;
  const auto endpoint = connect(variables_, options);
  ASSERT_TRUE(endpoint) << endpoint.error().to_terminal();
  EXPECT_TRUE(endpoint->was_started);
}

TEST_F(ConnectTest, AnotherProgramOnThePortIsNotOurServer) {
  const auto first = connect(variables_, fake_server());
  ASSERT_TRUE(first);
  auto record = *read_server_record(home_);
  EXPECT_TRUE(answers(record.url, "fake"));
  EXPECT_FALSE(answers(record.url, "another"));
}

TEST_F(ConnectTest, StoppedServerStaysStoppedForWhoFollows) {
  auto options = fake_server();
  options.start = Start::kAfterCrash;
  EXPECT_EQ(connect(variables_, options).error().code(), ErrorCode::kServerUnreachable);
  options.start = Start::kNever;
  EXPECT_EQ(connect(variables_, options).error().code(), ErrorCode::kServerUnreachable);
  EXPECT_EQ(starts(), 0U);
}

TEST_F(ConnectTest, InsideARunNoServerIsStarted) {
  variables_["STOKER_ATTEMPT"] = "r1.1";
  const auto endpoint = connect(variables_, fake_server());
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code(), ErrorCode::kServerUnreachable);
  EXPECT_EQ(starts(), 0U);
}

TEST_F(ConnectTest, NamedServerIsTakenAsItIs) {
  variables_["STOKER_URL"] = "http://box:7/";
  EXPECT_EQ(connect(variables_, fake_server()).error().code(), ErrorCode::kUnauthenticated);
  variables_["STOKER_TOKEN"] = "t";
  const auto endpoint = connect(variables_, fake_server());
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->url, "http://box:7");
  EXPECT_FALSE(endpoint->is_own);
}

TEST_F(ConnectTest, ServerGetsNeitherSecretsNorTheMarksOfARun) {
  const auto environment = server_environment(
      {{"PATH", "/bin"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"STOKER_TOKEN", "t"}, {"STOKER_ATTEMPT", "a"}, {"STOKER_LOG", "debug"}, {"LC_ALL", "C"}},
      home_);
  EXPECT_EQ(environment, (std::vector<std::string>{"STOKER_HOME=" + home_.directory, "LC_ALL=C", "PATH=/bin", "STOKER_LOG=debug"}));
}

TEST_F(ConnectTest, RunsAreFoundByTheirBeginning) {
  auto endpoint = connect(variables_, fake_server());
  ASSERT_TRUE(endpoint);
  Client client(*endpoint);
  EXPECT_EQ(run_id(*resolve_run(client, "diabetes_11")).text(), "diabetes_11");
  EXPECT_EQ(run_id(*resolve_run(client, "diabetes_2")).text(), "diabetes_21");
  EXPECT_EQ(resolve_run(client, "housing").error().code(), ErrorCode::kNotFound);
  const auto several = resolve_run(client, "diabetes_1");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().mistake_list().size(), 2U);
  EXPECT_NE(read("home/requests").find("Bearer " + endpoint->token), std::string::npos);
}

}  // namespace
}  // namespace stoker::client
