#include "base/json.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace stoker {
namespace {

std::vector<Mistake> read(std::string_view text, const std::function<void(FieldReader&)>& fields, std::string path = "") {
  std::vector<Mistake> mistakes;
  const auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  {
    FieldReader reader(*value, std::move(path), mistakes);
    fields(reader);
  }
  return mistakes;
}

std::string cause_of(std::string_view text) {
  const auto value = parse_json(text);
  return value ? "" : value.error().message() + ": " + value.error().cause();
}

TEST(ParseJson, SaysLineAndColumnOfWhatIsBroken) {
  EXPECT_NE(cause_of("{\n  \"a\": 1,\n  b}").find("line 3, column 3"), std::string::npos) << cause_of("{\n  \"a\": 1,\n  b}");
  EXPECT_NE(cause_of("").find("line 1, column 1"), std::string::npos);
  EXPECT_NE(cause_of("[1, 2").find("line 1, column 6"), std::string::npos);
  EXPECT_NE(cause_of("{} {}").find("more after the end"), std::string::npos);
}

TEST(ParseJson, RefusesWhatIsNoJson) {
  using namespace std::string_literals;
  for (const auto& text : {"{'a':1}"s, "[1,]"s, "NaN"s, "nul"s, "\"\xff\""s, "\"\t\""s, "01"s, "{\"a\"}"s, "\"\\ud800\""s, "// x\n1"s, "1\0"s})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST(ParseJson, ToleratesBlanksAround) { EXPECT_TRUE(parse_json(" \n{\"a\": [1, 2.5e3, null, true, \"\\u00fc\"]}\r\n")); }

TEST(ParseJson, TenThousandLevelsAreRefusedAndNotBuilt) {
  const auto value = parse_json(std::string(10'000, '['));
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().cause().find("64 levels"), std::string::npos);
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']')));
}

TEST(FieldReader, AllMistakesAreTold) {
  const auto mistakes = read(
      R"({"name": 5, "count": 1.5, "flag": "yes", "list": ["a", 1], "map": {"k": 1}, "when": "soon", "nmae": 1})",
      [](FieldReader& fields) {
        fields.text("name");
        fields.integer("count", 0, 10);
        fields.boolean("flag");
        fields.texts("list");
        fields.text_map("map");
        fields.optional_time("when");
        fields.text("needed");
      },
      "spec");
  std::vector<std::string> paths;
  for (const auto& mistake : mistakes) paths.push_back(mistake.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"spec.name", "spec.count", "spec.flag", "spec.list[1]", "spec.map.k", "spec.when", "spec.needed",
                                             "spec.nmae"}));
  EXPECT_NE(mistakes.back().message.find("did you mean \"name\""), std::string::npos);
}

TEST(FieldReader, NullCountsAsAbsent) {
  const auto mistakes = read(R"({"a": null, "b": null, "c": null, "d": null})", [](FieldReader& fields) {
    EXPECT_EQ(fields.text("a", "x"), "x");
    EXPECT_EQ(fields.integer("b", 0, 10, 3), 3);
    EXPECT_FALSE(fields.optional_text("c"));
    EXPECT_TRUE(fields.texts("d").empty());
  });
  EXPECT_TRUE(mistakes.empty());
}

TEST(FieldReader, NumbersKeepTheirRange) {
  const auto mistakes = read(R"({"low": -1, "high": 11, "huge": 99999999999999999999, "good": 10})", [](FieldReader& fields) {
    fields.integer("low", 0, 10);
    fields.integer("high", 0, 10);
    fields.integer("huge", 0, 10);
    EXPECT_EQ(fields.integer("good", 0, 10), 10);
  });
  EXPECT_EQ(mistakes.size(), 3U);
}

TEST(FieldReader, SomethingElseThanAnObjectIsOneMistake) {
  const auto mistakes = read(
      "[1]",
      [](FieldReader& fields) {
        fields.text("a");
        fields.integer("b", 0, 1);
      },
      "body");
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_EQ(mistakes[0].message, "must be an object, not an array");
}

TEST(FieldReader, OtherVersionsMaySendMore) {
  EXPECT_TRUE(read(R"({"novelty": 1})", [](FieldReader& fields) { fields.ignore_unknown(); }).empty());
}

TEST(ErrorJson, ComesBackAsItWas) {
  const auto error = Error(ErrorCode::kNotFound, "no run x").because("it is gone").hint("see y").mistakes({{"a.b", "wrong"}}).retryable();
  const auto back = error_from_json(to_json(error), 404);
  EXPECT_EQ(back.code(), error.code());
  EXPECT_EQ(back.to_terminal(), error.to_terminal());
  EXPECT_TRUE(back.is_retryable());
}

TEST(ErrorJson, WhatIsNoErrorBodyIsAProtocolError) {
  for (const auto* text : {"null", "[]", "{}", R"({"error": "text"})", "5"})
    EXPECT_EQ(error_from_json(*parse_json(text), 502).code(), ErrorCode::kProtocol) << text;
}

TEST(Utf8, ReplacesWhatIsNot) {
  EXPECT_EQ(to_valid_utf8("a\xff\xc3\xbc"), "a\xef\xbf\xbd\xc3\xbc");
  EXPECT_TRUE(is_valid_utf8("\xf0\x9f\x98\x80"));
  for (const auto* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
  }
}

TEST(Json, DoublesAreReadToTheLastBit) {
  for (const char* text : {"0.30000000000000004", "5e-324", "1.7976931348623157e308", "9199999999999999999999999999999", "-2.2250738585072014e-308",
                           "123456789.12345679"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->to_number<double>(), std::strtod(text, nullptr)) << text;
  }
}

TEST(Json, ANumberBeyondTheRangeIsRefused) {
  EXPECT_FALSE(parse_json("1e9999"));
  EXPECT_FALSE(parse_json("[-9e400]"));
  EXPECT_EQ(parse_json("1e-9999")->to_number<double>(), 0.0);
}

}  // namespace
}  // namespace stoker
