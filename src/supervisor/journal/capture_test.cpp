#include "supervisor/journal/capture.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/digest.hpp"
#include "supervisor/processes/keeper.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;

// The keeper runs the program, the capture reads it, as in an attempt.
class CaptureTest : public ::testing::Test {
 protected:
  CaptureTest() {
    StartMessage start;
    start.run = RunId("r");
    start.attempt = 1;
    EXPECT_TRUE(spool.create(start));
    journal = *Journal::create(spool, loop, clock, grown);
    capture = std::make_unique<Capture>(loop, *journal);
  }
  void spawn(std::vector<std::string> arguments) {
    auto ends = *capture->open();
    SpawnRequest request;
    request.arguments = std::move(arguments);
    request.environment = {"PATH=/usr/bin:/bin"};
    request.working_directory = spool.work();
    request.standard_output = ends.standard_output.get();
    request.standard_error = ends.standard_error.get();
    ASSERT_TRUE(run_task(loop, keeper.spawn(std::move(request))));
  }
  void shell(const std::string& text) { spawn({"/bin/sh", "-c", text}); }
  std::string finish() {
    EXPECT_TRUE(run_until(loop, [this] { return keeper.is_empty(); }, std::chrono::seconds(120)));
    EXPECT_TRUE(run_task(loop, capture->finish()));
    EXPECT_TRUE(journal->flush());
    return spool.output_file();
  }
  std::size_t records() {
    std::size_t count = 0;
    std::uint64_t next = 0;
    EXPECT_TRUE(journal->replay([&](const Record& record) {
      const auto& output = std::get<OutputRecord>(record.payload);
      EXPECT_EQ(output.offset, next) << "no gap";
      next += output.length;
      ++count;
    }));
    EXPECT_EQ(next, journal->output_size());
    return count;
  }
  std::string text_of(Stream stream) {
    std::string text;
    const auto whole = *io::read_file(spool.output_file());
    EXPECT_TRUE(journal->replay([&](const Record& record) {
      const auto& output = std::get<OutputRecord>(record.payload);
      if (output.stream == stream) text += whole.substr(output.offset, output.length);
    }));
    return text;
  }

  TemporaryFolder folder;
  Spool spool{folder.path(), RunId("r"), 1};
  SystemClock clock;
  io::Loop loop;
  Keeper keeper{loop, *start_keeper()};
  io::Signal grown{loop};
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Capture> capture;
};

TEST_F(CaptureTest, KeepsBothStreamsAndEveryByte) {
  shell(R"(printf 'out\000\377'; printf 'err' >&2; printf 'last')");
  finish();
  EXPECT_EQ(text_of(Stream::kStdout), std::string("out\0\377last", 9));
  EXPECT_EQ(text_of(Stream::kStderr), "err");
}

TEST_F(CaptureTest, EachLineIsThereBeforeTheNextIsWritten) {
  shell("for i in 0 1 2 3 4 5 6 7 8 9; do echo $i; while [ ! -e ../seen$i ]; do sleep 0.01; done; done");
  std::uint64_t seen = 0;
  auto look = [&] {
    if (journal->output_size() > seen) {
      EXPECT_EQ(journal->output_size(), seen + 2);
      EXPECT_TRUE(io::write_file_atomically(fmt::format("{}/seen{}", spool.path(), seen / 2), ""));
      seen = journal->output_size();
    }
    return keeper.is_empty();
  };
  ASSERT_TRUE(run_until(loop, look));
  finish();
  EXPECT_EQ(seen, 20U);
}

TEST_F(CaptureTest, SixtyFourMebibytes) {
  shell("head -c 67108864 /dev/urandom | tee ../expected");
  const auto output = finish();
  EXPECT_EQ(journal->output_size(), 64U << 20);
  EXPECT_EQ(::system(("cmp -s " + output + " " + spool.path() + "/expected").c_str()), 0);
  records();
}

TEST_F(CaptureTest, AMillionLinesMakeFewRecords) {
  shell("seq 1000000");
  const auto output = finish();
  EXPECT_EQ(::system(("seq 1000000 | cmp -s - " + output).c_str()), 0);
  EXPECT_LT(records(), 5000U);
  EXPECT_LT(io::read_file(spool.journal_file())->size(), 500'000U);
}

TEST_F(CaptureTest, LinesFlushedOneByOneMakeFewRecordsToo) {
  spawn({"/usr/bin/perl", "-e", "$| = 1; print \"line $_\\n\" for 1 .. 300000"});
  finish();
  EXPECT_LT(records(), 5000U);
  EXPECT_EQ(journal->output_tail(12), "line 300000\n");
}

TEST_F(CaptureTest, OneEndlessLineNeedsNoMemory) {
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  shell("head -c 268435456 /dev/zero | tr '\\0' x");
  const auto output = finish();
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(journal->output_size(), 256ULL << 20);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 8 * 1024) << "KiB";
}

TEST_F(CaptureTest, TheLastMillisecondIsKept) {
  for (int i = 0; i < 20; ++i) {
    const auto before = journal->output_size();
    shell("exec 3>&1; (trap '' TERM; setsid sh -c 'printf background >&3' &); printf 'x%.0s' 1 2 3 4 5 6 7 8 9; kill -9 $$");
    ASSERT_TRUE(run_until(loop, [this] { return keeper.is_empty(); }));
    ASSERT_TRUE(run_task(loop, capture->finish()));
    EXPECT_EQ(journal->output_size() - before, 19U);
  }
}

TEST_F(CaptureTest, AScriptThatClosesItsOutputsOrLosesItsFolderHarmsNothing) {
  shell("echo before; rm -rf \"$PWD\"; exec >&- 2>&-; sleep 0.1; echo lost; ulimit -n 3; exit 3");
  finish();
  EXPECT_EQ(text_of(Stream::kStdout), "before\n");
  EXPECT_TRUE(keeper.main_status().has_value());
}

}  // namespace
}  // namespace stoker::supervisor
