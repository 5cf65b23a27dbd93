#include "cli/output/unified_diff.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include <fmt/format.h>

#include "io/file.hpp"

namespace stoker::cli {
namespace {

TEST(UnifiedDiff, EqualTextsHaveNone) {
  EXPECT_EQ(unified_diff("", ""), "");
  EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n"), "");
}

TEST(UnifiedDiff, ALineThatChanged) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, AFileThatComesOrGoes) {
  EXPECT_EQ(unified_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiff, ALastLineWithoutNewlineIsMarked) {
  EXPECT_EQ(unified_diff("a\nb", "a\nb\n"), "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
}

TEST(UnifiedDiff, ChangesFarApartAreTwoHunksAndNearOnesOne) {
  std::string far_a, far_b;
  for (int i = 0; i < 30; ++i) {
    far_a += fmt::format("{}\n", i);
    far_b += i == 5 || i == 20 ? "x\n" : fmt::format("{}\n", i);
  }
  const auto far = unified_diff(far_a, far_b);
  EXPECT_EQ(std::count(far.begin(), far.end(), '@'), 8);
  const auto near = unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n");
  EXPECT_EQ(std::count(near.begin(), near.end(), '@'), 4);
}

TEST(UnifiedDiff, FarTooManyChangesAreOneReplacement) {
  std::string a = "same\n", b = "same\n";
  for (int i = 0; i < 6000; ++i) {
    a += fmt::format("a{}\n", i);
    b += fmt::format("b{}\n", i);
  }
  const auto diff = unified_diff(a + "end\n", b + "end\n");
  EXPECT_TRUE(diff.starts_with("@@ -1,6002 +1,6002 @@\n same\n-a0\n"));
  EXPECT_TRUE(diff.ends_with("+b5999\n end\n"));
}

/// `patch` makes b of a, whatever they are.
TEST(UnifiedDiff, PatchMakesTheOtherText) {
  if (::system("patch --version >/dev/null 2>&1") != 0 && ::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs git";
  const auto folder = testing::TempDir() + "unified-diff";
  ASSERT_TRUE(io::make_directories(folder));
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::string a, b;
    for (auto* text : {&a, &b}) {
      const auto lines = random() % 30;
      for (unsigned i = 0; i < lines; ++i) *text += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      if (random() % 4 == 0 && !text->empty()) text->pop_back();
    }
    const auto diff = unified_diff(a, b);
    if (a == b) continue;
    std::ofstream(folder + "/f") << a;
    std::ofstream(folder + "/p") << (a.empty() ? "--- /dev/null\n+++ b/f\n" : b.empty() ? "--- a/f\n+++ /dev/null\n" : "--- a/f\n+++ b/f\n") << diff;
    if (a.empty()) ::unlink((folder + "/f").c_str());
    ASSERT_EQ(::system(("cd " + folder + " && GIT_DIR=/nowhere git apply --unidiff-zero p 2>err").c_str()), 0) << diff << "\n--a\n"
                                                                                                               << a << "\n--b\n"
                                                                                                               << b;
    const auto made = io::read_file(folder + "/f");
    EXPECT_EQ(b.empty() ? "" : *made, b) << diff;
  }
}

TEST(UnifiedDiff, BytesThatAreNoText) {
  EXPECT_TRUE(is_binary(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_binary("\xff\xfe"));
  EXPECT_FALSE(is_binary("gr\xC3\xBC\xC3\x9F\n"));
  EXPECT_FALSE(is_binary(""));
}

}  // namespace
}  // namespace stoker::cli
