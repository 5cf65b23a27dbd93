#include "cli/output/text.hpp"

#include <gtest/gtest.h>

namespace stoker::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("ü"), 1U);
  EXPECT_EQ(display_width("u\xcc\x88"), 1U);
  EXPECT_EQ(display_width("損失"), 4U);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3U);
}

TEST(Fit, CutsToColumnsWithAMark) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("abcdef", 4, false), "abc.");
  EXPECT_EQ(fit("損失関数", 4), "損…");
  EXPECT_EQ(fit("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(Harmless, ShowsControlCharactersInsteadOfSendingThem) {
  EXPECT_EQ(harmless("a\x1b]0;title\x07z", true), "a^[]0;title^Gz");
  EXPECT_EQ(harmless("\x1b[2J\x1b[H", true), "^[[2J^[[H");
  EXPECT_EQ(harmless("a\tb\x7f\b", true), "a\tb^?^H");
  EXPECT_EQ(harmless("\xc2\x9b"
                     "31m",
                     true),
            "<9B>31m")
      << "C1 controls act like ESC [";
  EXPECT_EQ(harmless("a\xe2\x80\xae"
                     "b",
                     true),
            "a<202E>b")
      << "nothing is shown backwards";
}

TEST(Harmless, ColoursStayWhereTheyAreWantedAndEndWithTheLine) {
  EXPECT_EQ(harmless("\x1b[1;31mred", true), "\x1b[1;31mred\x1b[0m");
  EXPECT_EQ(harmless("\x1b[1;31mred\x1b[0m", false), "red");
}

TEST(Harmless, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(harmless("a\xff"
                     "b",
                     true),
            "a\xef\xbf\xbd"
            "b");
}

TEST(LastRewrite, IsWhatAProgressBarLooksLike) {
  EXPECT_EQ(last_rewrite("10%\r50%\r100%"), "100%");
  EXPECT_EQ(last_rewrite("done\r"), "done");
  EXPECT_EQ(last_rewrite("plain"), "plain");
}

TEST(LineSplitter, PutsPiecesTogether) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.take("a"), std::vector<std::string>{});
  EXPECT_EQ(splitter.take("b\n\nc"), (std::vector<std::string>{"ab", ""}));
  EXPECT_EQ(splitter.take_rest(), "c");
}

TEST(LineSplitter, CutsALineThatNeverEnds) {
  LineSplitter splitter(4);
  EXPECT_EQ(splitter.take("abcdefghij"), (std::vector<std::string>{"abcd", "efgh"}));
  EXPECT_EQ(splitter.take("kl\n"), (std::vector<std::string>{"ijkl"}));
}

}  // namespace
}  // namespace stoker::cli
