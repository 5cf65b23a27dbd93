#include "runs/secrets/mask.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runs/secrets/vault.hpp"

namespace stoker::runs {
namespace {

/// What a log would hold after the pieces came one after another.
std::string logged(const Mask& mask, const std::vector<std::string>& pieces) {
  std::string log;
  Trail trail;
  for (auto piece : pieces) {
    const auto offset = log.size();
    const auto blots = mask.apply(piece, offset, trail);
    log += piece;
    for (const auto& blot : blots) log.replace(blot.offset, blot.length, blot.length, '*');
  }
  return log;
}

TEST(Mask, ValuesBecomeStarsOfTheSameLength) {
  const Mask mask({"hush-hush", "tiny", "abc"});
  EXPECT_EQ(logged(mask, {"key=hush-hush;tiny abc\n"}), "key=*********;**** abc\n");
}

TEST(Mask, ValueThatIsCutIsMaskedAsAWhole) {
  const Mask mask({"hush-hush"});
  EXPECT_EQ(logged(mask, {"a hush", "-hu", "sh b"}), "a ********* b");
  EXPECT_EQ(logged(mask, {"a hush", "-hu", "man"}), "a hush-human");
  std::vector<std::string> letters;
  for (const char c : std::string("xhush-hushx")) letters.emplace_back(1, c);
  EXPECT_EQ(logged(mask, letters), "x*********x");
}

TEST(Mask, OverlappingValuesAreAllMasked) {
  EXPECT_EQ(logged(Mask({"abcd", "cdef"}), {"abcdef"}), "******");
  EXPECT_EQ(logged(Mask({"aaaa"}), {"aaa", "aaa"}), "******");
}

TEST(Mask, NoValuesLeaveEverything) { EXPECT_EQ(logged(Mask(), {"hush"}), "hush"); }

RC_GTEST_PROP(MaskProperty, CutsDoNotMatter, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::element('a', 'b'));
  const auto text = *letters;
  const auto value = *rc::gen::suchThat(letters, [](const std::string& word) { return word.size() >= Mask::kShortest && word.size() < 7; });
  const Mask mask({value});
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 5);
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  RC_ASSERT(logged(mask, pieces) == logged(mask, {text}));
}

TEST(Vault, OpensWhatItSealed) {
  const Vault vault("key");
  const auto sealed = vault.seal("hush");
  EXPECT_EQ(sealed.find("hush"), std::string::npos);
  EXPECT_NE(sealed, vault.seal("hush"));
  EXPECT_EQ(*vault.open(sealed), "hush");
  EXPECT_EQ(*vault.open(vault.seal("")), "");
  EXPECT_EQ(Vault("other").open(sealed).error().code(), ErrorCode::kSnapshotCorrupt);
  for (const auto* text : {"", "zz", "00"}) EXPECT_FALSE(vault.open(text));
}

}  // namespace
}  // namespace stoker::runs
