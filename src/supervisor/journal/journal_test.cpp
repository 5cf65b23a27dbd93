#include "supervisor/journal/journal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.hpp"
#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    start.run = RunId("exp_1_abcdef01");
    start.attempt = 1;
    EXPECT_TRUE(spool.create(start));
  }
  void create() { journal = *Journal::create(spool, loop, clock, grown); }
  JournalFindings reopen() {
    journal.reset();
    JournalFindings findings;
    journal = *Journal::open(spool, loop, clock, grown, findings);
    return findings;
  }
  std::vector<Record> all(std::uint64_t from = 1) {
    std::vector<Record> records;
    while (from <= journal->offered_seq()) {
      const auto batch = *journal->read(from);
      for (auto& record : *decode_all(batch.bytes)) records.push_back(record);
      if (batch.last_seq < from) break;
      from = batch.last_seq + 1;
    }
    return records;
  }
  std::string output_of(const std::vector<Record>& records) {
    std::string text;
    for (const auto& record : records)
      if (const auto* output = std::get_if<OutputRecord>(&record.payload)) text += output->data;
    return text;
  }
  MetricRecord metric(int step) {
    MetricPoint point;
    point.name = "loss";
    point.values = {0.5};
    point.step = step;
    return {point};
  }

  TemporaryFolder folder;
  StartMessage start;
  Spool spool{folder.path(), RunId("exp_1_abcdef01"), 1};
  io::Loop loop;
  io::Pool pool{1};
  ManualClock clock;
  io::Signal grown{loop};
  std::unique_ptr<Journal> journal;
};

TEST_F(JournalTest, NumbersRiseAndOutputIsFilledIn) {
  create();
  EXPECT_EQ(journal->append(StateRecord{RunState::kRunning}), 1U);
  ASSERT_TRUE(journal->append_output(Stream::kStdout, "hello "));
  ASSERT_TRUE(journal->append_output(Stream::kStderr, std::string("w\0rld\xff\n", 7)));
  EXPECT_EQ(journal->append(metric(3)), 4U);
  const auto records = all();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(output_of(records), std::string("hello w\0rld\xff\n", 13));
  EXPECT_EQ(std::get<OutputRecord>(records[2].payload).offset, 6U);
  EXPECT_EQ(*io::read_file(spool.output_file()), std::string("hello w\0rld\xff\n", 13)) << "a plain file";
  EXPECT_EQ(all(4).size(), 1U);
  EXPECT_EQ(journal->read(5)->count, 0U);
}

TEST_F(JournalTest, AnnouncesGrowthAtTheEndOfTheTurn) {
  create();
  bool told = false;
  io::TaskGroup group(loop, "test");
  auto listen = [](io::Signal& grown, bool& told) -> io::Task<void> {
    co_await grown.wait();
    told = true;
  };
  group.spawn("listen", listen(grown, told));
  run_until(loop, [&] { return group.size() == 1; });
  loop.poll();
  journal->append(metric(1));
  EXPECT_TRUE(run_until(loop, [&] { return told; }));
  EXPECT_GT(io::read_file(spool.journal_file())->size(), 40U) << "in the file, without anybody asking";
}

TEST_F(JournalTest, BatchesStaySmallAndCoverEverything) {
  create();
  for (int i = 0; i < 30'000; ++i) journal->append(metric(i));
  std::string big(3'000'000, 'x');
  ASSERT_TRUE(journal->append_output(Stream::kStdout, big));
  std::uint64_t next = 1;
  std::size_t batches = 0;
  while (next <= journal->last_seq()) {
    const auto batch = journal->read(next);
    ASSERT_TRUE(batch);
    ASSERT_GT(batch->count, 0U);
    EXPECT_LE(batch->bytes.size(), kMaxBatchBytes + kMaxBatchBytes / 2);
    for (const auto& record : *decode_all(batch->bytes)) ASSERT_EQ(record.seq, next++);
    ++batches;
  }
  EXPECT_GE(batches, 4U);
  EXPECT_EQ(output_of(all()), big);
  EXPECT_EQ(all(29'990).front().seq, 29'990U) << "going back, as after a lost connection";
}

TEST_F(JournalTest, TornTailIsCutWhereverItTears) {
  create();
  for (int i = 0; i < 5; ++i) journal->append(metric(i));
  journal->flush();
  const auto whole = *io::read_file(spool.journal_file());
  const auto record = (whole.size() - 17) / 5;
  for (std::size_t size = whole.size(); size >= 17; --size) {
    journal.reset();
    ASSERT_TRUE(io::write_all_at(io::open_file(spool.journal_file(), O_WRONLY | O_TRUNC)->get(), whole.substr(0, size), 0));
    const auto findings = reopen();
    const auto left = (size - 17) / record;
    EXPECT_EQ(journal->last_seq(), left);
    EXPECT_EQ(findings.cut_bytes, size - 17 - left * record);
    EXPECT_EQ(journal->append(metric(9)), left + 1);
    EXPECT_EQ(all().size(), left + 1);
  }
}

TEST_F(JournalTest, EmptyFileOfAPowerCutIsAnEmptyJournal) {
  create();
  journal.reset();
  ASSERT_TRUE(io::write_file_atomically(spool.journal_file(), "stok"));
  reopen();
  EXPECT_EQ(journal->append(metric(1)), 1U);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(JournalTest, AnotherVersionIsRefused) {
  create();
  journal.reset();
  ASSERT_TRUE(io::write_file_atomically(spool.journal_file(), "stoker journal 2\nxxx"));
  JournalFindings findings;
  EXPECT_EQ(Journal::open(spool, loop, clock, grown, findings).error().code(), ErrorCode::kDataFormat);
}

TEST_F(JournalTest, DamagedRecordEndsTheJournalThere) {
  create();
  for (int i = 0; i < 5; ++i) journal->append(metric(i));
  journal.reset();
  auto bytes = *io::read_file(spool.journal_file());
  bytes[17 + (bytes.size() - 17) / 5 * 3 + 20] ^= 1;
  ASSERT_TRUE(io::write_file_atomically(spool.journal_file(), bytes));
  reopen();
  EXPECT_EQ(journal->last_seq(), 3U);
}

TEST_F(JournalTest, OutputThatNoRecordNamesIsNotLost) {
  create();
  ASSERT_TRUE(journal->append_output(Stream::kStdout, "recorded "));
  journal.reset();
  const auto output = io::open_file(spool.output_file(), O_WRONLY | O_APPEND);
  ASSERT_TRUE(io::write_all(output->get(), std::string(1'200'000, 'y')));
  reopen();
  EXPECT_EQ(output_of(all()), "recorded " + std::string(1'200'000, 'y'));
  EXPECT_EQ(journal->output_size(), 1'200'009U);
}

TEST_F(JournalTest, OutputThatAPowerCutTookIsLeftOutOfItsRecord) {
  create();
  ASSERT_TRUE(journal->append_output(Stream::kStdout, "0123456789"));
  ASSERT_TRUE(journal->append_output(Stream::kStdout, "0123456789"));
  journal->append(metric(1));
  journal.reset();
  ASSERT_EQ(::truncate(spool.output_file().c_str(), 4), 0);
  reopen();
  const auto records = all();
  ASSERT_EQ(records.size(), 3U) << "no number is missing";
  EXPECT_EQ(output_of(records), "0123");
}

TEST_F(JournalTest, FindingsTellWhatWasTold) {
  create();
  journal->append(PhaseRecord{"environment", true});
  journal->append(PhaseRecord{"environment", false});
  journal->append(PhaseRecord{"run", true});
  auto findings = reopen();
  EXPECT_EQ(findings.open_phases, std::vector<std::string>{"run"});
  EXPECT_FALSE(findings.exited);
  journal->append(ExitedRecord{});
  EXPECT_TRUE(reopen().exited);
  journal->append(FinishedRecord{});
  EXPECT_TRUE(reopen().finished);
}

TEST_F(JournalTest, AnEndIsOfferedOnlyWhenItIsOnDisk) {
  create();
  journal->append(metric(1));
  std::uint64_t seq = 0;
  io::TaskGroup group(loop, "test");
  auto end = [](Journal& journal, io::Pool& pool, std::uint64_t& seq) -> io::Task<void> {
    protocol::Payload exited = ExitedRecord{};
    seq = co_await journal.append_durably(std::move(exited), pool);
  };
  group.spawn("end", end(*journal, pool, seq));
  ASSERT_TRUE(run_until(loop, [&] { return journal->last_seq() == 2; }));
  if (seq == 0) {
    EXPECT_EQ(journal->offered_seq(), 1U);
    EXPECT_EQ(all().size(), 1U);
  }
  ASSERT_TRUE(run_until(loop, [&] { return seq == 2; }));
  EXPECT_EQ(journal->offered_seq(), 2U);
  EXPECT_EQ(all().size(), 2U);
}

TEST_F(JournalTest, AcknowledgementsOnlyRise) {
  create();
  for (int i = 0; i < 3; ++i) journal->append(metric(i));
  journal->acked(2);
  journal->acked(1);
  journal->acked(99);
  EXPECT_EQ(journal->acked_seq(), 2U);
  EXPECT_TRUE(run_task(loop, journal->wait_acked(2, io::in(std::chrono::seconds(1)))));
  EXPECT_FALSE(run_task(loop, journal->wait_acked(3, io::in(std::chrono::milliseconds(5)))));
}

TEST_F(JournalTest, AfterARebootNumbersGoOnFromTheServers) {
  create();
  journal->append(metric(1));
  reopen();
  journal->await_server();
  bool heard = false;
  io::TaskGroup group(loop, "test");
  auto wait = [](Journal& journal, bool& heard) -> io::Task<void> {
    co_await journal.wait_server();
    heard = true;
  };
  group.spawn("wait", wait(*journal, heard));
  loop.poll();
  EXPECT_FALSE(heard);
  journal->acked(7);
  ASSERT_TRUE(run_until(loop, [&] { return heard; }));
  EXPECT_EQ(journal->append(ExitedRecord{}), 8U);
  EXPECT_EQ(all(8).size(), 1U);
  reopen();
  EXPECT_EQ(journal->append(FinishedRecord{}), 9U) << "and once more";
}

TEST_F(JournalTest, HugeRecordIsRefusedAndTheRestGoesOn) {
  create();
  EXPECT_EQ(journal->append(TagRecord{"k", std::string(kMaxRecordBytes, 'x')}), 0U);
  EXPECT_EQ(journal->append(metric(1)), 1U);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(JournalTest, ReplayShowsEveryRecord) {
  create();
  for (int i = 0; i < 1000; ++i) journal->append(metric(i));
  std::uint64_t last = 0;
  ASSERT_TRUE(journal->replay([&](const Record& record) { EXPECT_EQ(record.seq, ++last); }));
  EXPECT_EQ(last, 1000U);
}

TEST(Spool, IsTakenUpAgainWithItsIdentity) {
  const TemporaryFolder folder;
  StartMessage start;
  start.run = RunId(std::string(250, 'r') + "_1_ab");
  start.attempt = 3;
  start.spec.command = "true";
  const Spool spool(folder.path(), start.run, start.attempt);
  EXPECT_LE(spool.name().size(), 240U) << "a file name has 255 bytes, and `.gone-` comes before it";
  ASSERT_TRUE(spool.create(start));
  ASSERT_TRUE(io::make_directories(folder.file("spool/.new-half")));
  const auto self = *io::identify(::getpid());
  ASSERT_TRUE(spool.write_identity({"boot", self, self, std::nullopt, {"/g/1"}}));
  const auto left = Spool::leftovers(folder.path());
  ASSERT_TRUE(left);
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(left->front().run, start.run);
  EXPECT_EQ(left->front().attempt, 3);
  const auto identity = spool.read_identity();
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->keeper, self);
  EXPECT_FALSE(identity->main);
  EXPECT_EQ(identity->groups, std::vector<std::string>{"/g/1"});
  EXPECT_EQ(io::list_directory(folder.file("spool"))->size(), 1U);
  io::Loop loop;
  {
    io::Pool pool(1);
    EXPECT_TRUE(run_task(loop, spool.discard(pool)));
  }
  EXPECT_TRUE(io::list_directory(folder.file("spool"))->empty());
}

TEST(Spool, SpecialFoldersMayBeInTheSourceButNotAsFiles) {
  const TemporaryFolder folder;
  StartMessage start;
  start.run = RunId("r");
  const Spool spool(folder.path(), start.run, 1);
  ASSERT_TRUE(spool.create(start));
  ASSERT_TRUE(io::make_directories(spool.outputs()));
  EXPECT_TRUE(spool.make_special_folders());
  ASSERT_TRUE(io::remove_tree(spool.logs()));
  ASSERT_TRUE(io::write_file_atomically(spool.logs(), "x"));
  EXPECT_EQ(spool.make_special_folders().error().code(), ErrorCode::kSourceInvalid);
}

}  // namespace
}  // namespace stoker::supervisor
