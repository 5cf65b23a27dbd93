#include "targets/local/local.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "io/file.hpp"

namespace stoker::targets {
namespace {

/// A supervisor that does nothing: what a slot does with a process is the same for any.
class SlotTest : public testing::Test {
 protected:
  SlotTest() {
    char pattern[] = "/tmp/stoker-slot-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    write_program("exec sleep 1000");
  }
  ~SlotTest() override {
    static_cast<void>(slot().end(std::chrono::seconds(0)));
    std::filesystem::remove_all(folder_);
  }
  void write_program(const std::string& body) {
    std::ofstream(program()) << "#!/bin/sh\n" << body << "\n";
    ::chmod(program().c_str(), 0700);
  }
  std::string program() const { return folder_ + "/supervisor"; }
  Slot slot(std::string server = "http://127.0.0.1:1") const {
    return Slot({.folder = folder_ + "/slot-0",
                 .supervisor_id = "local-0",
                 .program = program(),
                 .python_tree = {},
                 .server_url = std::move(server),
                 .token = "s3cret"});
  }
  SlotState look() const {
    std::string message;
    return slot().look(message);
  }
  pid_t pid() const { return static_cast<pid_t>(json::parse(*io::read_file(folder_ + "/slot-0/supervisor.json")).at("pid").as_int64()); }
  std::string folder_;
};

TEST_F(SlotTest, TokenIsInAFileOfTheOwnerAndNotOnTheCommandLine) {
  ASSERT_TRUE(slot().ensure());
  struct stat info{};
  ASSERT_EQ(::stat((folder_ + "/slot-0/token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(*io::read_file(folder_ + "/slot-0/token"), "s3cret");
  EXPECT_EQ(io::read_file("/proc/" + std::to_string(pid()) + "/cmdline")->find("s3cret"), std::string::npos);
  EXPECT_EQ(io::read_file("/proc/" + std::to_string(pid()) + "/environ")->find("s3cret"), std::string::npos);
}

TEST_F(SlotTest, SupervisorIsDetachedFromTheServer) {
  ASSERT_TRUE(slot().ensure());
  EXPECT_EQ(::getsid(pid()), pid());
}

TEST_F(SlotTest, ServersOwnVariablesStayWithTheServer) {
  ::setenv("STOKER_TOKEN", "owner", 1);
  ASSERT_TRUE(slot().ensure());
  ::unsetenv("STOKER_TOKEN");
  EXPECT_EQ(io::read_file("/proc/" + std::to_string(pid()) + "/environ")->find("STOKER_TOKEN"), std::string::npos);
}

TEST_F(SlotTest, MissingProgramIsAClearError) {
  std::filesystem::remove(program());
  const auto started = slot().ensure();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), ErrorCode::kTargetRejected);
  EXPECT_FALSE(started.error().is_retryable());
}

TEST_F(SlotTest, StatesAreToldApart) {
  EXPECT_EQ(look(), SlotState::kMissing);
  ASSERT_TRUE(slot().ensure());
  EXPECT_EQ(look(), SlotState::kAlive);
  ASSERT_TRUE(slot().end(std::chrono::seconds(5)));
  EXPECT_EQ(look(), SlotState::kDead);
}

TEST_F(SlotTest, ReusedProcessNumberIsNotTheSupervisor) {
  ASSERT_TRUE(slot().ensure());
  ASSERT_TRUE(slot().end(std::chrono::seconds(0)));
  const json::object record{{"version", 1}, {"pid", ::getpid()}, {"start_time", 1}, {"boot_id", io::boot_id()}};
  ASSERT_TRUE(io::write_file_atomically(folder_ + "/slot-0/supervisor.json", json::serialize(record)));
  EXPECT_EQ(look(), SlotState::kDead);
  EXPECT_TRUE(slot().end(std::chrono::seconds(0))) << "and it is not killed";
}

TEST_F(SlotTest, RestartOfTheMachineIsTold) {
  ASSERT_TRUE(slot().ensure());
  ASSERT_TRUE(slot().end(std::chrono::seconds(0)));
  const json::object record{{"version", 1}, {"pid", ::getpid()}, {"start_time", 1}, {"boot_id", "another"}};
  ASSERT_TRUE(io::write_file_atomically(folder_ + "/slot-0/supervisor.json", json::serialize(record)));
  std::string message;
  EXPECT_EQ(slot().look(message), SlotState::kDead);
  EXPECT_EQ(message, "the machine was restarted");
}

TEST_F(SlotTest, DamagedRecordMeansThatANewSupervisorIsStarted) {
  ASSERT_TRUE(slot().ensure());
  ASSERT_TRUE(slot().end(std::chrono::seconds(0)));
  ASSERT_TRUE(io::write_file_atomically(folder_ + "/slot-0/supervisor.json", "{"));
  EXPECT_EQ(look(), SlotState::kDead);
  ASSERT_TRUE(slot().ensure());
  EXPECT_EQ(look(), SlotState::kAlive);
}

TEST_F(SlotTest, TermIsTriedBeforeKill) {
  write_program("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(slot().ensure());
  while (slot().log_tail().find("ready") == std::string::npos) ::usleep(1000);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(slot().end(std::chrono::seconds(30)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(SlotTest, SupervisorThatIgnoresTermIsKilled) {
  write_program("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  ASSERT_TRUE(slot().ensure());
  while (slot().log_tail().find("ready") == std::string::npos) ::usleep(1000);
  ASSERT_TRUE(slot().end(std::chrono::seconds(1)));
  EXPECT_EQ(look(), SlotState::kDead);
}

TEST_F(SlotTest, NewAddressOfTheServerIsWritten) {
  ASSERT_TRUE(slot().ensure());
  ASSERT_TRUE(slot("http://127.0.0.1:2").write_server_url());
  EXPECT_EQ(*io::read_file(folder_ + "/slot-0/server"), "http://127.0.0.1:2");
}

TEST(LocalGpus, DeviceNodesCountOnlyWhereTheDriverIs) {
  char pattern[] = "/tmp/stoker-gpus-XXXXXX";
  const std::string folder = ::mkdtemp(pattern);
  for (const auto* name : {"dev/nvidia0", "dev/nvidia1", "dev/nvidiactl", "dev/nvidia-uvm", "dev/null"}) {
    std::filesystem::create_directories(folder + "/dev");
    std::ofstream(folder + "/" + name) << "";
  }
  EXPECT_EQ(count_gpus(folder + "/dev", folder + "/driver"), 0);
  std::filesystem::create_directories(folder + "/driver/0000:01:00.0");
  EXPECT_EQ(count_gpus(folder + "/dev", folder + "/driver"), 2);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace stoker::targets
