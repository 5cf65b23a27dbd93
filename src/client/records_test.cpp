#include "client/records.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stoker::client {
namespace {

json::object record(std::string_view text) { return parse_json(text)->get_object(); }

TEST(Records, AbsentNullAndWrongFieldsReadAsEmpty) {
  const auto run = record(R"({"a": null, "b": 5, "c": "x", "d": {"e": 1}, "f": false})");
  EXPECT_EQ(text_of(run, "a"), "");
  EXPECT_EQ(text_of(run, "b"), "");
  EXPECT_EQ(text_of(run, "none"), "");
  EXPECT_EQ(integer_of(run, "b"), 5);
  EXPECT_EQ(integer_of(run, "c"), 0);
  EXPECT_TRUE(object_of(run, "c").empty());
  EXPECT_TRUE(array_of(run, "d").empty());
  EXPECT_FALSE(is_set(run, "f"));
  EXPECT_TRUE(is_set(run, "c"));
}

TEST(Records, EndingSaysHow) {
  EXPECT_EQ(ending(record(R"({"state": "Completed"})")), "completed");
  EXPECT_EQ(ending(record(R"({"state": "Failed", "end": {"message": "exited with code 1"}})")), "failed: exited with code 1");
  EXPECT_EQ(ending(record(R"({"state": "Canceled", "cancel_by": "ada@box"})")), "was canceled by ada@box");
  EXPECT_EQ(ending(record(R"({"state": "Running"})")), "is Running");
}

TEST(Records, OutcomeDecidesTheExitCode) {
  const auto code = [](std::string_view text) {
    const auto outcome = run_outcome(record(text));
    return outcome ? 0 : info(outcome.error().code()).exit_code;
  };
  EXPECT_EQ(code(R"({"state": "Completed"})"), 0);
  EXPECT_EQ(code(R"({"state": "Failed", "end": {"reason": "exited", "message": "exited with code 3"}})"), 1);
  EXPECT_EQ(code(R"({"state": "Failed", "end": {"reason": "lost", "message": "lost"}})"), 1);
  EXPECT_EQ(code(R"({"state": "Canceled"})"), 130);
}

TEST(Records, PhasesAndTimesUseNowWhileTheyLast) {
  const auto run = record(R"({"started_at": "2026-01-01T00:00:01.000000Z", "ended_at": null, "phases": [
    {"name": "snapshot", "started_at": "2026-01-01T00:00:00.000000Z", "ended_at": "2026-01-01T00:00:00.020000Z"},
    {"name": "run", "started_at": "2026-01-01T00:00:01.000000Z", "ended_at": null}]})");
  const auto now = *parse_time("2026-01-01T00:00:04.400000Z");
  EXPECT_EQ(phases_line(run, now), "snapshot 0.02 s, run 3.4 s");
  EXPECT_EQ(*run_time(run, now), std::chrono::milliseconds(3400));
}

TEST(Records, NumbersAndTheTextsThatStandForThem) {
  EXPECT_EQ(number_of(0.5), 0.5);
  EXPECT_TRUE(std::isnan(*number_of("NaN")));
  EXPECT_EQ(number_of("-Infinity"), -INFINITY);
  EXPECT_FALSE(number_of("high"));
  EXPECT_EQ(format_number(1.0 / 3), "0.333333");
  EXPECT_EQ(format_number(12), "12");
  EXPECT_EQ(format_number(NAN), "NaN");
}

}  // namespace
}  // namespace stoker::client
