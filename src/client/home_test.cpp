#include "client/home.hpp"

#include <sys/stat.h>

#include <set>
#include <thread>

#include "client/test_home.hpp"

namespace stoker::client {
namespace {

class HomeTest : public TestHome {};

TEST_F(HomeTest, LiesInStokerHomeElseInTheUsersFolder) {
  EXPECT_EQ(locate_home({{"STOKER_HOME", "/x/../y/"}})->directory, "/y");
  EXPECT_EQ(locate_home({{"HOME", "/home/ada"}})->directory, "/home/ada/.stoker");
  EXPECT_EQ(locate_home({{"HOME", "/home/ada"}})->data_directory, "/home/ada/.stoker/data");
  EXPECT_EQ(locate_home({{"HOME", "/home/ada"}, {"STOKER_DATA", "/fast/stoker"}})->data_directory, "/fast/stoker");
  EXPECT_EQ(locate_home({}).error().code(), ErrorCode::kInvalidInput);
}

TEST_F(HomeTest, IsMadeForTheUserAlone) {
  ASSERT_TRUE(prepare_home(home_));
  struct stat status{};
  ASSERT_EQ(::stat(home_.directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

TEST_F(HomeTest, OpenToOthersIsRefusedWithTheCommandThatHelps) {
  ASSERT_TRUE(prepare_home(home_));
  ASSERT_EQ(::chmod(home_.directory.c_str(), 0755), 0);
  const auto status = prepare_home(home_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kForbidden);
  EXPECT_EQ(status.error().hint_text(), "chmod 700 " + home_.directory);
}

TEST_F(HomeTest, TokenThatOthersCanReadIsRefused) {
  ASSERT_TRUE(prepare_home(home_));
  ASSERT_TRUE(read_or_make_token(home_));
  ASSERT_EQ(::chmod(home_.token_file().c_str(), 0644), 0);
  EXPECT_EQ(read_token(home_).error().code(), ErrorCode::kForbidden);
}

TEST_F(HomeTest, ManyWhoMakeTheTokenAtOnceGetTheSame) {
  ASSERT_TRUE(prepare_home(home_));
  std::array<std::string, 8> tokens;
  {
    std::vector<std::jthread> threads;
    for (auto& token : tokens) threads.emplace_back([&] { token = *read_or_make_token(home_); });
  }
  EXPECT_EQ(std::set(tokens.begin(), tokens.end()).size(), 1U);
  EXPECT_EQ(tokens[0].size(), 64U);
  EXPECT_EQ(io::list_directory(home_.directory)->size(), 1U) << "no temporary file is left";
}

TEST_F(HomeTest, ServerRecordComesBackAndTornOnesAreNone) {
  ASSERT_TRUE(prepare_home(home_));
  EXPECT_FALSE(read_server_record(home_));
  const ServerRecord record{
      .url = "http://127.0.0.1:7", .instance = "i", .host = "h", .version = "v", .process = {.boot_id = "b", .pid = 5, .start_time = 6}};
  ASSERT_TRUE(write_server_record(home_, record));
  const auto read = read_server_record(home_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->url, record.url);
  EXPECT_EQ(read->process, record.process);
  for (const auto* torn : {"", "{", "[]", "{}", R"({"url": 5})", R"({"url": "http://x", "pid": "five"})"}) {
    write("home/server.json", torn);
    EXPECT_FALSE(read_server_record(home_)) << torn;
  }
}

TEST_F(HomeTest, LogTailGivesTheLastLinesFromAPlace) {
  ASSERT_TRUE(prepare_home(home_));
  EXPECT_EQ(log_tail(home_, 0, 3), "");
  write("home/server.log", "a\nb\nc\nd\n");
  EXPECT_EQ(log_tail(home_, 0, 2), "c\nd");
  EXPECT_EQ(log_tail(home_, 0, 9), "a\nb\nc\nd");
  EXPECT_EQ(log_tail(home_, 4, 9), "c\nd");
  EXPECT_EQ(log_tail(home_, 8, 9), "");
}

}  // namespace
}  // namespace stoker::client
