#include "supervisor/observation/usage.hpp"

#include <gtest/gtest.h>

#include "supervisor/observation/gpu_meter.hpp"
#include "supervisor/observation/sampler.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;

constexpr std::string_view kStat =
    "4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 1000 2000 0 0 10 20 300 4000 20 0 3 0 123456 1000000 777 18446744073709551615 1 1 0 0 0 0\n";

TEST(Usage, TimesOfTheProcessAndOfItsDeadChildrenCount) {
  const auto usage = parse_usage(kStat, "rchar: 9\nwchar: 8\nsyscr: 1\nsyscw: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 7\n");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_ticks, 4330U);
  EXPECT_EQ(usage->resident, 777U);
  EXPECT_EQ(usage->read_bytes, 4096U);
  EXPECT_EQ(usage->written_bytes, 8192U);
}

TEST(Usage, ATextThatIsNoneAndAProcessOfAnotherUser) {
  EXPECT_FALSE(parse_usage("", ""));
  EXPECT_FALSE(parse_usage("1 (x) R 0", ""));
  EXPECT_EQ(parse_usage(kStat, "")->read_bytes, 0U);
}

TEST(Usage, MemoryOfAGroupIsWithoutItsPageCache) {
  EXPECT_EQ(parse_group_memory("anon 100\nfile 5000\nkernel 7\nshmem 20\n"), 120U);
  EXPECT_EQ(parse_group_memory("cache 5000\nrss 1\nshmem 2\ntotal_cache 6000\ntotal_rss 300\ntotal_shmem 40\n"), 340U);
  EXPECT_FALSE(parse_group_memory(""));
}

/// A grandchild that worked, ended and was waited for by its parent, which lives: what it used is still there.
TEST(Usage, NothingIsLostWhenProcessesEnd) {
  TemporaryFolder folder;
  io::SpawnOptions options;
  options.arguments = {"/bin/sh", "-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo > done; exec sleep 1000"};
  options.environment = {"PATH=/usr/bin:/bin"};
  options.working_directory = folder.path();
  const auto pid = io::spawn(options);
  ASSERT_TRUE(pid);
  EXPECT_TRUE(eventually([&] { return io::exists(folder.file("done")); }));
  const auto usage = usage_of_tree(*pid);
  EXPECT_GT(usage.cpu_ticks, 0U);
  const auto ours = usage_of_tree(::getpid());
  EXPECT_GT(ours.resident, usage.resident) << "the tree of a parent holds its children's";
  ::kill(*pid, SIGKILL);
  ::waitpid(*pid, nullptr, 0);
}

TEST(Sample, IsTheDifferenceToTheStartAndToTheLookBefore) {
  Look start, before, now;
  start.usage = {.cpu_ticks = 1000, .resident = 10, .read_bytes = 5, .written_bytes = 6};
  before.usage = {.cpu_ticks = 1100, .resident = 20, .read_bytes = 5, .written_bytes = 6};
  now.usage = {.cpu_ticks = 1600, .resident = 30, .read_bytes = 105, .written_bytes = 206};
  now.disk_bytes = 77;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto values = sample_of(now, start, &before, std::chrono::seconds(10));
  EXPECT_DOUBLE_EQ(values.at("cpu_percent").as_double(), 500 / ticks / 10 * 100);
  EXPECT_DOUBLE_EQ(values.at("cpu_seconds").as_double(), 600 / ticks);
  EXPECT_EQ(values.at("memory_bytes").as_uint64(), 20U * ::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(values.at("disk_bytes").as_uint64(), 77U);
  EXPECT_EQ(values.at("read_bytes").as_uint64(), 100U);
  EXPECT_EQ(values.at("written_bytes").as_uint64(), 200U);
  now.group_memory = 4096;
  EXPECT_EQ(sample_of(now, start, nullptr, {}).at("memory_bytes").as_uint64(), 4096U);
  EXPECT_EQ(sample_of(now, start, nullptr, {}).at("cpu_percent").as_double(), 0);
  EXPECT_EQ(sample_of(start, now, &now, std::chrono::seconds(1)).at("cpu_percent").as_double(), 0) << "never negative";
}

TEST(GpuMeter, LinesOfNvidiaSmi) {
  int index = -1;
  double percent = 0, memory = 0;
  EXPECT_TRUE(parse_gpu_line("3, 87, 1024", index, percent, memory));
  EXPECT_EQ(index, 3);
  EXPECT_EQ(percent, 87);
  EXPECT_EQ(memory, 1024.0 * 1024 * 1024);
  for (const auto* line : {"", "0, [N/A], 5", "No devices were found", "0, 1", "0, 1, 2, 3"})
    EXPECT_FALSE(parse_gpu_line(line, index, percent, memory)) << line;
}

TEST(GpuMeter, AsksForTheRunsGpusAndEndsWithIt) {
  TemporaryFolder folder;
  ASSERT_TRUE(io::write_file_atomically(folder.file("nvidia-smi"),
                                        "#!/bin/sh\necho \"$@\" > " + folder.file("asked") + "\necho $$ > " + folder.file("pid") +
                                            "\necho '0, 50, 1'\necho '2, 60, 2'\nexec sleep 1000\n",
                                        0755));
  json::object values;
  {
    GpuMeter meter({0, 2}, folder.path() + ":/usr/bin:/bin", std::chrono::seconds(10));
    EXPECT_TRUE(eventually([&] {
      meter.add_to(values);
      return values.size() == 4;
    }));
  }
  EXPECT_EQ(values.at("gpu_2_percent").as_double(), 60);
  EXPECT_EQ(values.at("gpu_0_memory_bytes").as_double(), 1 << 20);
  EXPECT_NE(io::read_file(folder.file("asked"))->find("--id=0,2 --query-gpu=index,utilization.gpu,memory.used"), std::string::npos);
  EXPECT_TRUE(is_gone(std::stoi(*io::read_file(folder.file("pid")))));
}

TEST(GpuMeter, NothingIsStartedWithoutAGpuOrWithoutTheProgram) {
  json::object values;
  GpuMeter({}, "/usr/bin:/bin", std::chrono::seconds(10)).add_to(values);
  GpuMeter({0}, "/nowhere", std::chrono::seconds(10)).add_to(values);
  EXPECT_TRUE(values.empty());
}

}  // namespace
}  // namespace stoker::supervisor
