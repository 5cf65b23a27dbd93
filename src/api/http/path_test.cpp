#include "api/http/path.hpp"

#include <gtest/gtest.h>

namespace stoker::api {
namespace {

std::vector<std::string> segments(std::string_view text) {
  const auto target = parse_target(text);
  EXPECT_TRUE(target) << text;
  return target ? target->segments : std::vector<std::string>();
}

TEST(Path, DecodesOnce) {
  EXPECT_EQ(segments("/a%20b/%C3%BC"), (std::vector<std::string>{"a b", "ü"}));
  EXPECT_EQ(segments("/%2541"), (std::vector<std::string>{"%41"}));
  EXPECT_EQ(segments("/%252e%252e"), (std::vector<std::string>{"%2e%2e"}));
  EXPECT_EQ(segments("/a+b"), (std::vector<std::string>{"a+b"}));
  EXPECT_EQ(segments("/"), (std::vector<std::string>{}));
}

TEST(Path, RefusesEveryWayOut) {
  for (const char* text :
       {"/..",   "/a/../b",        "/%2e%2e/b", "/.%2e",      "/%2E.",         "/.",      "/a/./b", "/%2e",       "/a%2fb",        "/a%2Fb", "/a%5cb",
        "/a\\b", "/..\\..",        "/a%00b",    "//a",        "/a//b",         "/a/",     "",       "a",          "http://host/a", "/a%",    "/a%2",
        "/a%zz", "/%c0%ae%c0%ae/", "/%c0%ae",   "/%e0%80%ae", "/%f0%80%80%ae", "/%c0%af", "/%ff",   "/%ed%a0%80", "/a#b",          "*"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Path, RefusesRawBytesThatAreNotUtf8) {
  EXPECT_FALSE(parse_target("/\xC0\xAE"));
  EXPECT_FALSE(parse_target("/\xFF"));
  EXPECT_EQ(segments("/\xC3\xBC"), (std::vector<std::string>{"ü"}));
}

TEST(Path, KeepsUnicodeDotsAsNames) {
  EXPECT_EQ(segments("/%EF%BC%8E%EF%BC%8E"), (std::vector<std::string>{"．．"}));
  EXPECT_EQ(segments("/..."), (std::vector<std::string>{"..."}));
  EXPECT_EQ(segments("/..;"), (std::vector<std::string>{"..;"}));
}

TEST(Path, ReadsQueries) {
  const auto target = parse_target("/a?x=1&y=a+b%26c&flag&=v&x=2");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query, (Query{{"x", "1"}, {"y", "a b&c"}, {"flag", ""}, {"", "v"}, {"x", "2"}}));
  EXPECT_FALSE(parse_target("/a?x=%00"));
  EXPECT_FALSE(parse_target("/a?x=%ff"));
}

}  // namespace
}  // namespace stoker::api
