#include "api/auth.hpp"

#include <gtest/gtest.h>

namespace stoker::api {
namespace {

const Tokens kTokens("owner-token", "the secret", "/home/ada/.stoker/token");

Caller::Kind kind_of(const std::string& token) {
  const auto caller = kTokens.identify("Bearer " + token);
  return caller ? caller->kind : Caller::Kind::kNobody;
}

TEST(Auth, TokensSayWhoCalls) {
  EXPECT_EQ(kind_of("owner-token"), Caller::Kind::kOwner);
  const auto run = kTokens.identify("bearer " + kTokens.run_token(RunId("exp_1_ab"), 3));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->kind, Caller::Kind::kRun);
  EXPECT_EQ(run->run, RunId("exp_1_ab"));
  EXPECT_EQ(run->attempt, 3);
  const auto supervisor = kTokens.identify("Bearer " + kTokens.supervisor_token("local-0.x"));
  ASSERT_TRUE(supervisor);
  EXPECT_EQ(supervisor->supervisor, "local-0.x");
  EXPECT_EQ(kTokens.identify("")->kind, Caller::Kind::kNobody);
}

TEST(Auth, EveryChangedCharacterIsRefused) {
  for (const auto& token : {kTokens.run_token(RunId("exp_1_ab"), 3), kTokens.supervisor_token("local-0"), std::string("owner-token")}) {
    for (std::size_t i = 0; i < token.size(); ++i) {
      auto wrong = token;
      wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
      EXPECT_EQ(kind_of(wrong), Caller::Kind::kNobody) << wrong;
      EXPECT_EQ(kind_of(token.substr(0, i)), Caller::Kind::kNobody) << i;
    }
    EXPECT_EQ(kind_of(token + "0"), Caller::Kind::kNobody);
  }
}

TEST(Auth, TokensOfAnotherServerAreRefused) {
  const Tokens other("owner-token-2", "another secret", "");
  EXPECT_FALSE(kTokens.identify("Bearer " + other.run_token(RunId("exp_1_ab"), 3)));
  EXPECT_FALSE(kTokens.identify("Bearer " + other.supervisor_token("local-0")));
}

TEST(Auth, OtherSchemesAndGarbageAreRefused) {
  for (const char* text : {"Basic owner-token", "owner-token", "Bearer", "Bearer ", "Bearer  ", "Bearer srt1.", "Bearer srt1...", "Bearer sst1.",
                           "Bearer sst1..", "Bearer srt1.a.b.c"}) {
    EXPECT_FALSE(kTokens.identify(text)) << text;
  }
  EXPECT_FALSE(kTokens.identify("Bearer " + std::string(5000, 'x')));
}

TEST(Auth, TheHintSaysWhereTheTokenLies) {
  EXPECT_NE(kTokens.identify("Bearer wrong").error().hint_text().find("/home/ada/.stoker/token"), std::string::npos);
  EXPECT_NE(kTokens.admit(Caller{}, Access::kReader).error().hint_text().find("/home/ada/.stoker/token"), std::string::npos);
}

TEST(Auth, Base64UrlIsStrict) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xFF\xFE_-"}) EXPECT_EQ(from_base64url(base64url(text)), text);
  EXPECT_FALSE(from_base64url("a"));
  EXPECT_FALSE(from_base64url("YW=="));
  EXPECT_FALSE(from_base64url("YX"));  // bits behind the last byte
}

}  // namespace
}  // namespace stoker::api
