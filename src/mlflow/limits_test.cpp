#include "mlflow/limits.hpp"

#include <gtest/gtest.h>

#include "mlflow/batch.hpp"
#include "mlflow/page_token.hpp"
#include "mlflow/sampling.hpp"

namespace stoker::mlflow {
namespace {

TEST(LimitsTest, KeysAreNamesOfFiles) {
  for (const std::string_view good : {"a", "a/b", "a b", "a:b", ".x", "größe", "損失", "a.b-c_d/e"})
    EXPECT_TRUE(check_key("key", "key", good)) << good;
  for (const std::string_view bad : {"a//b", "a/", "./a", "a/../b", "/abs", "..", "...x", ".", "a$b", "a\nb", "a★", "a😀"})
    EXPECT_FALSE(check_key("key", "key", bad)) << bad;
  EXPECT_EQ(
      check_key("metrics[0].name", "Metric name", "a/../b").error().message(),
      "Invalid value \"a/../b\" for parameter 'metrics[0].name' supplied: Names may be treated as files in certain cases, and must not resolve to "
      "other names when treated as such. This name would resolve to 'b'");
}

TEST(LimitsTest, LengthsCountCharacters) {
  std::string text;
  for (int i = 0; i < 250; ++i) text += "ä";
  EXPECT_TRUE(check_key("key", "key", text));
  EXPECT_EQ(check_key("key", "Param key", text + "x").error().message(), "'Param key' exceeds the maximum length of 250 characters");
  EXPECT_EQ(cut(text, 3), "äää");
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(characters("ä😀x"), 3U);
}

TEST(PageTokenTest, IsBase64AndRefusesWhatIsNot) {
  EXPECT_EQ(offset_token(2), "eyJvZmZzZXQiOiAyfQ==");
  EXPECT_EQ(read_offset_token("eyJvZmZzZXQiOiAyfQ==").value(), 2U);
  EXPECT_EQ(read_offset_token("").value(), 0U);
  for (const std::string_view bad : {"&&", "abc", "e30=", "eyJvZmZzZXQiOiAtMX0="}) EXPECT_FALSE(read_offset_token(bad)) << bad;
  for (const std::string text : {"", "a", "ab", "abc", "[1,\"ü?>\"]"}) EXPECT_EQ(read_page_token(page_token(text)).value(), text);
}

TEST(SamplingTest, ThinsStepsAsTheReferenceServer) {
  const std::vector<std::vector<std::int64_t>> one = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  using Steps = std::vector<std::int64_t>;
  EXPECT_EQ(sampled_steps(one, std::nullopt, 5), (Steps{0, 2, 4, 6, 8, 9}));
  EXPECT_EQ(sampled_steps(one, std::nullopt, 3), (Steps{0, 3, 6, 9}));
  EXPECT_EQ(sampled_steps(one, std::nullopt, 2), (Steps{0, 5, 9}));
  EXPECT_EQ(sampled_steps(one, std::pair<std::int64_t, std::int64_t>(2, 7), 3), (Steps{2, 4, 6, 7}));
  const std::vector<std::vector<std::int64_t>> two = {{-5, 1, 9}, {2, 3}};
  EXPECT_EQ(sampled_steps(two, std::nullopt, 1), (Steps{1, 2, 3, 9})) << "each run's own first and last in the range";
  EXPECT_EQ(sampled_steps({}, std::nullopt, 5), Steps());
}

TEST(BatchTest, TheFirstMistakeInMlflowsOrderIsTold) {
  const auto message = [](std::string_view text) {
    const auto body = parse_body(text).value();
    const auto batch = read_batch(Fields(body));
    return batch ? "accepted" : batch.error().message();
  };
  EXPECT_TRUE(message(R"({"metrics": []})").starts_with("Missing value for required parameter 'run_id'"));
  EXPECT_TRUE(message(R"({"run_id": "a b", "metrics": [{"key": "m", "value": "x", "timestamp": 1}]})")
                  .starts_with("Invalid value \"x\" for parameter 'metrics[0].value'"));
  EXPECT_EQ(message(R"({"run_id": "a b", "metrics": [{"key": "m$", "value": 1, "timestamp": 1}]})"),
            "Invalid value \"a b\" for parameter 'run_id' supplied.");
  EXPECT_TRUE(message(R"({"run_id": "r", "tags": [{"key": "a//b"}]})").starts_with("Invalid value \"a//b\" for parameter 'tags[0].key'"));
  EXPECT_TRUE(
      message(R"({"run_id": "r", "params": [{"key": "a"}, {"key": "a"}]})").starts_with("Duplicate parameter keys have been submitted: ['a']."));
  EXPECT_EQ(message(R"({"run_id": "r"})"), "accepted");
}

}  // namespace
}  // namespace stoker::mlflow
