#include "api/streams/event_stream.hpp"

#include <gtest/gtest.h>

namespace stoker::api {
namespace {

TEST(EventStream, PositionsRoundTrip) {
  const FollowPosition position{12345678901, 42, 7};
  EXPECT_EQ(to_text(position), "12345678901.42.7");
  EXPECT_EQ(parse_position(to_text(position)), position);
}

TEST(EventStream, WrongPositionsAreNone) {
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1.-2.3", "1.2.3 ", " 1.2.3", "01.2.3", "99999999999999999999999.1.1", "1..2"})
    EXPECT_FALSE(parse_position(text)) << text;
}

TEST(EventStream, EventsHaveNameIdAndData) {
  std::string out;
  append_event(out, "log", {5, 1, 0}, R"({"text":"a\nb"})");
  EXPECT_EQ(out, "event: log\nid: 5.1.0\ndata: {\"text\":\"a\\nb\"}\n\n");
}

TEST(EventStream, AHalfCharacterWaitsForItsRest) {
  const std::string_view euro = "\xE2\x82\xAC", clef = "\xF0\x9D\x84\x9E";
  EXPECT_EQ(showable("abc", false), 3U);
  EXPECT_EQ(showable(euro, false), 3U);
  for (std::size_t cut = 1; cut < euro.size(); ++cut) EXPECT_EQ(showable("a" + std::string(euro.substr(0, cut)), false), 1U);
  for (std::size_t cut = 1; cut < clef.size(); ++cut) EXPECT_EQ(showable("ab" + std::string(clef.substr(0, cut)), false), 2U);
  EXPECT_EQ(showable(euro.substr(0, 2), true), 2U);
}

TEST(EventStream, BytesThatBeginNoCharacterDoNotWait) {
  EXPECT_EQ(showable("a\x80", false), 2U);
  EXPECT_EQ(showable("\x80\x80\x80\x80", false), 4U);
  EXPECT_EQ(showable("a\xFF", false), 2U);
  EXPECT_EQ(showable("a\xC0", false), 2U);
  EXPECT_EQ(showable("", false), 0U);
}

}  // namespace
}  // namespace stoker::api
