#include "protocol/record.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace stoker::protocol {
namespace {

Record record_of(Payload payload, std::uint64_t seq = 7) { return {seq, from_micros(1'700'000'000'123'456), std::move(payload)}; }

std::string encoded(const Record& record, bool with_data = true) {
  std::string bytes;
  encode(record, with_data, bytes);
  return bytes;
}

MetricPoint row() {
  MetricPoint point;
  point.name = "r\xC3\xA9sum\xC3\xA9";
  point.kind = MetricKind::kRow;
  point.values = {1.5, std::string("text"), -std::numeric_limits<double>::infinity(), std::numeric_limits<std::int64_t>::min()};
  point.columns = {"a", "b", "", "n"};
  point.step = -3;
  point.time = from_micros(-1);
  return point;
}

/// One of each kind, with unusual content.
std::vector<Payload> all_payloads() {
  RunEnd end{EndReason::kSignaled, std::nullopt, 9, "killed by signal 9"};
  RunError error{"UserError", "m", "ValueError", std::string("t\0t", 3), "h"};
  json::object sample;
  sample["cpu"] = 0.5;
  return {OutputRecord{Stream::kStderr, 1ULL << 40, 3, std::string("a\0\xff", 3)},
          MetricRecord{row()},
          TagRecord{"k", std::nullopt, false},
          PropertyRecord{"k", ""},
          FileRecord{"outputs/a b", 1ULL << 50, std::string(64, 'f'), "outputs"},
          PhaseRecord{"snapshot", false},
          StateRecord{RunState::kFinalizing},
          ExitedRecord{end, error},
          FinishedRecord{},
          SampleRecord{sample},
          DisplayRecord{"calm badger"},
          IntentRecord{"failed", "because"},
          EnvironmentRecord{{{"kind", "user-managed"}, {"packages", json::array{{{"name", "numpy"}, {"version", "1.26.4"}}}}}}};
}

TEST(Record, EveryKindComesBackAsItWas) {
  for (const auto& payload : all_payloads()) {
    const auto bytes = encoded(record_of(payload));
    const auto decoded = decode_one(bytes);
    ASSERT_TRUE(decoded && *decoded) << payload.index();
    EXPECT_EQ((*decoded)->used, bytes.size());
    EXPECT_EQ((*decoded)->record.seq, 7U);
    EXPECT_EQ((*decoded)->record.payload.index(), payload.index());
    EXPECT_EQ(encoded((*decoded)->record), bytes);
  }
}

TEST(Record, MetricKeepsTextsInfinitiesAndTheScriptsTime) {
  const auto decoded = decode_one(encoded(record_of(MetricRecord{row()})));
  const auto& point = std::get<MetricRecord>((*decoded)->record.payload).point;
  EXPECT_EQ(point.name, row().name);
  EXPECT_EQ(point.values, row().values);
  EXPECT_EQ(point.columns, row().columns);
  EXPECT_EQ(point.step, -3);
  EXPECT_EQ(to_micros(point.time), -1);
}

TEST(Record, NotANumberSurvives) {
  MetricPoint point;
  point.name = "x";
  point.values = {std::nan("")};
  const auto decoded = decode_one(encoded(record_of(MetricRecord{point})));
  EXPECT_TRUE(std::isnan(std::get<double>(std::get<MetricRecord>((*decoded)->record.payload).point.values[0])));
}

TEST(Record, OnDiskOutputIsWithoutItsBytes) {
  const OutputRecord output{Stream::kStdout, 10, 5, "hello"};
  const auto disk = encoded(record_of(output), false);
  EXPECT_EQ(disk.size() + 5, encoded(record_of(output), true).size());
  const auto back = std::get<OutputRecord>((*decode_one(disk))->record.payload);
  EXPECT_EQ(back.length, 5U);
  EXPECT_EQ(back.data, "");
}

TEST(Record, EveryTornTailIsIncompleteAndNotDamaged) {
  for (const auto& payload : all_payloads()) {
    const auto bytes = encoded(record_of(payload));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto decoded = decode_one(std::string_view(bytes).substr(0, size));
      ASSERT_TRUE(decoded) << size;
      EXPECT_FALSE(*decoded) << size;
    }
  }
}

TEST(Record, EveryFlippedBitIsNoticed) {
  for (const auto& payload : all_payloads()) {
    const auto good = encoded(record_of(payload));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto bytes = good;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_one(bytes);
      EXPECT_FALSE(decoded && *decoded) << payload.index() << " bit " << bit;
    }
  }
}

TEST(Record, ABlockOfZerosIsDamage) { EXPECT_EQ(decode_one(std::string(64, '\0')).error().code(), ErrorCode::kSnapshotCorrupt); }

TEST(Record, ABatchIsReadInOrderAndWhole) {
  std::string bytes;
  for (std::uint64_t seq = 1; seq <= 100; ++seq) encode(record_of(TagRecord{"k", std::to_string(seq)}, seq), true, bytes);
  const auto records = decode_all(bytes);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 100U);
  for (std::uint64_t seq = 1; seq <= 100; ++seq) EXPECT_EQ((*records)[seq - 1].seq, seq);
  EXPECT_EQ(decode_all(bytes.substr(0, bytes.size() - 1)).error().code(), ErrorCode::kProtocol);
  EXPECT_TRUE(decode_all("")->empty());
}

}  // namespace
}  // namespace stoker::protocol
