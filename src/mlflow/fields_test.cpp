#include "mlflow/fields.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace stoker::mlflow {
namespace {

json::object object_of(std::string_view text) { return parse_body(text).value(); }

std::string message_of(const Error& error) { return error.message(); }

TEST(FieldsTest, ReadsNumbersAsClientsWriteThem) {
  const auto body =
      object_of(R"({"a": "1500", "b": 1500.0, "c": "1e+05", "d": "0.5", "e": " 1e5 ", "f": true, "g": "-Infinity", "h": NaN, "i": -3})");
  const Fields fields(body);
  EXPECT_EQ(fields.integer("a").value(), 1500);
  EXPECT_EQ(fields.integer("b").value(), 1500);
  EXPECT_EQ(fields.integer("c").value(), 100'000);
  EXPECT_EQ(fields.integer("i").value(), -3);
  EXPECT_EQ(fields.number("d").value(), 0.5);
  EXPECT_EQ(fields.number("e").value(), 1e5);
  EXPECT_EQ(fields.number("f").value(), 1.0);
  EXPECT_EQ(fields.number("g").value(), -INFINITY);
  EXPECT_TRUE(std::isnan(*fields.number("h").value()));
  EXPECT_FALSE(fields.integer("missing").value());
}

TEST(FieldsTest, RefusesWhatIsNoNumber) {
  const auto body = object_of(R"({"a": "abc", "b": 1.5, "c": "0x10", "d": "1e3x", "e": []})");
  const Fields fields(body);
  for (const std::string_view name : {"a", "b", "e"}) EXPECT_FALSE(fields.integer(name)) << name;
  for (const std::string_view name : {"a", "c", "d", "e"}) EXPECT_FALSE(fields.number(name)) << name;
  EXPECT_EQ(message_of(fields.integer("b").error()),
            "Invalid value 1.5 for parameter 'b' supplied:  Hint: Value was of type 'float'. See the API docs for more information about request "
            "parameters.");
}

TEST(FieldsTest, NullAndTheEmptyTextAreMissing) {
  const auto body = object_of(R"({"a": null, "b": "", "c": 5})");
  const Fields fields(body);
  for (const std::string_view name : {"a", "b", "d"})
    EXPECT_EQ(message_of(fields.required_text(name).error()).substr(0, 40), "Missing value for required parameter '" + std::string(name) + "'");
  EXPECT_EQ(message_of(fields.text("c").error()).substr(0, 37), "Invalid value 5 for parameter 'c' sup");
}

TEST(FieldsTest, NamesAlsoInCamelCase) {
  const auto body = object_of(R"({"artifactLocation": "x", "runUuid": "r"})");
  EXPECT_EQ(Fields(body).text("artifact_location").value(), "x");
  EXPECT_EQ(Fields(body).run_id().value(), "r");
}

TEST(FieldsTest, SaysWhereInAList) {
  const auto body = object_of(R"({"metrics": [{"key": "a"}, {"key": 5}]})");
  const auto items = Fields(body).list("metrics").value();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(message_of(items[0].required_integer("timestamp").error()).substr(0, 60), "Missing value for required parameter 'metrics[0].timestamp'.");
  EXPECT_EQ(message_of(items[1].required_text("key").error()).substr(0, 47), "Invalid value 5 for parameter 'metrics[1].key' ");
}

TEST(FieldsTest, ABodyThatIsNoJsonIsEmptyAndATextMayHoldOne) {
  EXPECT_TRUE(object_of("").empty());
  EXPECT_TRUE(object_of("{broken").empty());
  EXPECT_EQ(object_of(R"("{\"a\": \"b\"}")").at("a").as_string(), "b");
  EXPECT_FALSE(parse_body("[1]"));
  // Within a text the tokens are letters.
  EXPECT_EQ(object_of(R"({"a": "NaN \" Infinity", "b": Infinity})").at("a").as_string(), "NaN \" Infinity");
}

TEST(FieldsTest, AQueryIsABodyWhoseRepeatedNamesAreLists) {
  const auto body = body_of({{"a", "1"}, {"r", "x"}, {"r", "y"}, {"s", "z"}});
  const Fields fields(body, "", Fields::From::kQuery);
  EXPECT_EQ(fields.integer("a").value(), 1);
  EXPECT_EQ(fields.texts("r").value(), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(fields.texts("s").value(), std::vector<std::string>{"z"});
  EXPECT_FALSE(Fields(body).texts("s"));
}

TEST(FieldsTest, EnumsByNameOrNumber) {
  constexpr std::string_view kStates[] = {"RUNNING", "FINISHED"};
  const auto body = object_of(R"({"a": "FINISHED", "b": 1, "c": "BOGUS", "d": 3})");
  EXPECT_EQ(Fields(body).choice("a", kStates).value(), 1U);
  EXPECT_EQ(Fields(body).choice("b", kStates).value(), 0U);
  EXPECT_FALSE(Fields(body).choice("c", kStates));
  EXPECT_FALSE(Fields(body).choice("d", kStates));
}

}  // namespace
}  // namespace stoker::mlflow
