#include "supervisor/script/script_socket_ops.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stoker::supervisor {
namespace {

using namespace protocol;
const Time kNow = from_micros(1'700'000'000'000'000);

ScriptLine good(std::string_view text) {
  ScriptLineParser parser;
  auto parsed = parser.parse(text, kNow);
  if (const auto* bad = std::get_if<BadLine>(&parsed)) {
    ADD_FAILURE() << text << ": " << bad->error.to_line();
    return {};
  }
  return std::get<ScriptLine>(std::move(parsed));
}

MetricPoint point(std::string_view text) { return std::get<MetricRecord>(good(text).records.at(0)).point; }

BadLine bad(std::string_view text) {
  ScriptLineParser parser;
  auto parsed = parser.parse(text, kNow);
  if (std::holds_alternative<ScriptLine>(parsed)) {
    ADD_FAILURE() << text << " was accepted";
    return {};
  }
  return std::get<BadLine>(std::move(parsed));
}

TEST(ScriptLine, AScalarWithEverything) {
  const auto metric = point(R"({"op":"metric","name":"loss","value":0.5,"step":3,"time":1700000001.25})");
  EXPECT_EQ(metric.name, "loss");
  EXPECT_EQ(metric.kind, MetricKind::kScalar);
  EXPECT_EQ(metric.values, (std::vector<MetricValue>{0.5}));
  EXPECT_EQ(metric.step, 3);
  EXPECT_EQ(to_micros(metric.time), 1'700'000'001'250'000);
}

TEST(ScriptLine, ValuesOfAllSorts) {
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":7})").values[0], MetricValue(std::int64_t{7}));
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":18446744073709551615})").values[0], MetricValue(18446744073709551616.0));
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":true})").values[0], MetricValue(std::int64_t{1}));
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":"text"})").values[0], MetricValue(std::string("text")));
  EXPECT_TRUE(std::isnan(std::get<double>(point(R"({"op":"metric","name":"a","value":{"f":"NaN"}})").values[0])));
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":{"f":"-Infinity"}})").values[0], MetricValue(-INFINITY));
  EXPECT_EQ(point(R"({"op":"metric","name":"a","value":1})").time, kNow);
  EXPECT_FALSE(point(R"({"op":"metric","name":"a","value":1,"step":null})").step);
}

TEST(ScriptLine, AListKeepsItsDuplicates) {
  EXPECT_EQ(point(R"({"op":"metric","kind":"list","name":"a","values":[0,2,2]})").values,
            (std::vector<MetricValue>{std::int64_t{0}, std::int64_t{2}, std::int64_t{2}}));
  EXPECT_TRUE(point(R"({"op":"metric","kind":"list","name":"a","values":[]})").values.empty());
}

TEST(ScriptLine, AHugeListIsCutIntoPointsThatFitARecord) {
  std::string text = R"({"op":"metric","kind":"list","name":"a","values":[)";
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",";
  text.back() = ']';
  const auto line = good(text + "}");
  EXPECT_GT(line.records.size(), 1U);
  std::int64_t next = 0;
  for (const auto& record : line.records) {
    std::string bytes;
    encode(Record{1, kNow, record}, true, bytes);
    EXPECT_LT(bytes.size(), kMaxRecordBytes);
    for (const auto& value : std::get<MetricRecord>(record).point.values) EXPECT_EQ(value, MetricValue(next++));
  }
  EXPECT_EQ(next, 100'000);
}

TEST(ScriptLine, RowsAndTables) {
  const auto row = point(R"({"op":"metric","kind":"row","name":"r","columns":["x","y"],"values":[1,"b"]})");
  EXPECT_EQ(row.columns, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(row.values, (std::vector<MetricValue>{std::int64_t{1}, std::string("b")}));
  const auto table = good(R"({"op":"metric","kind":"table","name":"t","columns":["x"],"rows":[[1],[2],[3]]})");
  EXPECT_EQ(table.records.size(), 3U);
}

TEST(ScriptLine, TagsNamesAndIntents) {
  EXPECT_EQ(std::get<TagRecord>(good(R"({"op":"tag","key":"k","value":"v"})").records.at(0)).value, "v");
  EXPECT_FALSE(std::get<TagRecord>(good(R"({"op":"tag","key":"k","value":null})").records.at(0)).value);
  EXPECT_TRUE(std::get<TagRecord>(good(R"({"op":"untag","key":"k"})").records.at(0)).remove);
  EXPECT_EQ(std::get<DisplayRecord>(good(R"({"op":"name","display_name":"x"})").records.at(0)).display_name, "x");
  EXPECT_EQ(std::get<IntentRecord>(good(R"({"op":"intent","outcome":"failed","message":"m"})").records.at(0)).message, "m");
}

TEST(ScriptLine, CallsKeepTheirId) {
  auto line = good(R"({"op":"flush","id":17,"timeout":2.5})");
  EXPECT_EQ(line.id, json::value(17));
  EXPECT_EQ(std::get<FlushCall>(*line.call).timeout_seconds, 2.5);
  EXPECT_EQ(std::get<PropertiesCall>(*good(R"({"op":"properties","id":"a","values":{"k":"v"}})").call).values.at("k"), "v");
  EXPECT_EQ(std::get<UploadCall>(*good(R"({"op":"upload","id":1,"name":"n","path":"/p"})").call).path, "/p");
  EXPECT_EQ(std::get<ApiCall>(*good(R"({"op":"api","id":1,"method":"GET","path":"/api/v1/runs","body":{"a":[1]}})").call).body.at("a").at(0),
            json::value(1));
}

TEST(ScriptLine, WhatIsWrongIsRefusedWithTheIdIfThereIsOne) {
  for (const auto* text : {"x",
                           "[]",
                           "null",
                           "{}",
                           R"({"op":5})",
                           R"({"op":"dance"})",
                           R"({"op":"metric"})",
                           R"({"op":"metric","name":"","value":1})",
                           R"({"op":"metric","name":"a"})",
                           R"({"op":"metric","name":"a","value":null})",
                           R"({"op":"metric","name":"a","value":[1]})",
                           R"({"op":"metric","name":"a","value":{"f":"x"}})",
                           R"({"op":"metric","name":"a","value":1,"step":1.5})",
                           R"({"op":"metric","name":"a","value":1,"time":1e300})",
                           R"({"op":"metric","name":"a","kind":"cloud","value":1})",
                           R"({"op":"metric","kind":"list","name":"a","values":5})",
                           R"({"op":"metric","kind":"row","name":"a","columns":["x"],"values":[1,2]})",
                           R"({"op":"metric","kind":"table","name":"a","columns":["x"],"rows":[1]})",
                           R"({"op":"tag","key":""})",
                           R"({"op":"tag","key":"k","value":5})",
                           R"({"op":"name","display_name":""})",
                           R"({"op":"intent","outcome":"maybe"})",
                           R"({"op":"properties","values":[]})",
                           R"({"op":"properties","values":{"k":1}})",
                           R"({"op":"upload","name":"n"})",
                           R"({"op":"flush","timeout":"x"})",
                           R"({"op":"api","method":"GET","path":"/etc/passwd"})",
                           R"({"op":"api","method":"BREW","path":"/api/v1/x"})",
                           R"({"op":"metric","name":"a","value":1)"}) {
    bad(text);
  }
  EXPECT_EQ(bad(R"({"op":"dance","id":5})").id, json::value(5));
  bad(std::string(10'000, '['));
}

TEST(ScriptLine, AWrongRowInATableLeavesNothingHalfMade) {
  ScriptLineParser parser;
  EXPECT_TRUE(std::holds_alternative<BadLine>(parser.parse(R"({"op":"metric","kind":"table","name":"t","columns":["x"],"rows":[[1],[1,2]]})", kNow)));
}

TEST(ScriptLine, AValueTooLargeIsSentToTheFiles) {
  const auto refused = bad(R"({"op":"metric","name":"a","value":")" + std::string(kMaxValueBytes + 1, 'x') + "\"}");
  EXPECT_NE(refused.error.hint_text().find("file"), std::string::npos);
}

}  // namespace
}  // namespace stoker::supervisor
