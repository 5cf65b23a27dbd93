#include "snapshots/source/ignore.hpp"

#include <array>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "snapshots/test_support.hpp"

namespace stoker::snapshots {
namespace {

bool excluded(std::string_view rules, std::string_view path, bool is_folder = false) {
  return IgnoreRules(nullptr, "", rules).excludes(path, is_folder);
}

TEST(Ignore, CommentsBlanksAndEscapes) {
  EXPECT_FALSE(excluded("# a\n\n", "a"));
  EXPECT_TRUE(excluded("\\#a\n", "#a"));
  EXPECT_TRUE(excluded("\\!a", "!a"));
  EXPECT_TRUE(excluded("a   \n", "a"));
  EXPECT_TRUE(excluded("a\\ \n", "a "));
  EXPECT_TRUE(excluded("a\t\n", "a\t"));
  EXPECT_TRUE(
      excluded("\xEF\xBB\xBF"
               "a\r\n",
               "a"));
}

TEST(Ignore, TheLastMatchDecides) {
  EXPECT_FALSE(excluded("*.log\n!keep.log\n", "keep.log"));
  EXPECT_TRUE(excluded("!keep.log\n*.log\n", "keep.log"));
}

TEST(Ignore, SlashesAnchor) {
  EXPECT_TRUE(excluded("build", "a/b/build"));
  EXPECT_FALSE(excluded("/build", "a/build"));
  EXPECT_FALSE(excluded("a/b", "x/a/b"));
  EXPECT_TRUE(excluded("**/a/b", "x/y/a/b"));
  EXPECT_TRUE(excluded("a/**/b", "a/b"));
  EXPECT_TRUE(excluded("a/**/b", "a/x/y/b"));
  EXPECT_TRUE(excluded("a/**", "a/x"));
  EXPECT_FALSE(excluded("a/**", "a", true));
  EXPECT_FALSE(excluded("a/*", "a/x/y"));
  EXPECT_TRUE(excluded("build/", "build", true));
  EXPECT_FALSE(excluded("build/", "build", false));
}

TEST(Ignore, DeeperFilesWin) {
  const auto root = std::make_shared<IgnoreRules>(nullptr, "", "*.txt\n");
  const IgnoreRules inner(root, "sub", "!a.txt\n/b\n");
  EXPECT_FALSE(inner.excludes("sub/a.txt", false));
  EXPECT_TRUE(inner.excludes("sub/b.txt", false));
  EXPECT_TRUE(inner.excludes("sub/b", false));
  EXPECT_FALSE(inner.excludes("sub/x/b", false));
}

TEST(Wildmatch, ManyStarsTakeNoExponentialTime) {
  const std::string text(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(wildmatch(pattern + "b", text, false));
  std::string folders;
  for (int i = 0; i < 40; ++i) folders += "**/a*/";
  std::string path;
  for (int i = 0; i < 200; ++i) path += "aa/";
  EXPECT_FALSE(wildmatch(folders + "b", path, true));
}

/// Random folders and rules over a small alphabet, so that they meet; git says what remains.
class AgainstGit : public ::testing::Test {
 protected:
  std::string pick(std::initializer_list<const char*> from) { return *(from.begin() + static_cast<std::ptrdiff_t>(random_() % from.size())); }
  std::string name() { return pick({"a", "b", "ab", "a.b", "b.a", "foo", "a b", "[a]", "a\\b", "-", "b1", ".x"}); }
  std::string atom() {
    return pick({"a",   "b",   "*",   "?",  "**",  "/", "/", ".", "[ab]", "[!a]",   "[a-b]",       "[[:alpha:]]",
                 "\\*", "\\a", "foo", "ab", "[^b", "1", "-", " ", "[]a]", "[a\\]]", "[[:bogus:]]", "[.-]"});
  }
  std::string rules() {
    std::string text;
    for (std::size_t line = random_() % 5; line-- > 0;) {
      if (random_() % 4 == 0) text += '!';
      if (random_() % 5 == 0) text += '/';
      for (std::size_t atoms = 1 + random_() % 4; atoms-- > 0;) text += random_() % 2 == 0 ? atom() : name();
      if (random_() % 5 == 0) text += '/';
      if (random_() % 8 == 0) text += pick({" ", "\\ ", "\t", "\r", "\\"});
      text += '\n';
    }
    return text;
  }
  void fill(const std::string& folder, int depth) {
    std::filesystem::create_directories(folder);
    if (random_() % 2 == 0) testing::write_file(folder + "/.gitignore", rules());
    for (std::size_t i = 1 + random_() % 5; i-- > 0;) {
      const std::string path = folder + "/" + name();
      if (std::filesystem::exists(path)) continue;
      if (depth < 3 && random_() % 2 == 0) {
        fill(path, depth + 1);
      } else {
        testing::write_file(path, "x");
      }
    }
  }
  static std::set<std::string> by_git(const std::string& folder) {
    const std::string command = fmt::format("cd '{}' && git -c core.excludesFile=/dev/null ls-files -z -o --exclude-standard", folder);
    std::set<std::string> names;
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string name;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
      if (c != 0) {
        name += static_cast<char>(c);
      } else {
        names.insert(std::exchange(name, {}));
      }
    }
    EXPECT_EQ(::pclose(pipe), 0);
    return names;
  }
  std::mt19937 random_;
};

TEST_F(AgainstGit, TheSameFilesRemain) {
  testing::TemporaryFolder home;
  auto store = testing::open_store(home / "store");
  testing::StoreRemote remote(*store);
  ASSERT_EQ(std::system(fmt::format("git init -q '{}'", home / "repository").c_str()), 0);
  for (unsigned seed = 0; seed < 150; ++seed) {
    random_.seed(seed);
    for (const auto& entry : std::filesystem::directory_iterator(home / "repository")) {
      if (entry.path().filename() != ".git") std::filesystem::remove_all(entry.path());
    }
    fill(home / "repository", 0);
    BuildOptions options;
    options.source = home / "repository";
    const Built built = testing::must(upload(options, remote));
    std::set<std::string> ours;
    for (const TreeFile& file : testing::must(store->list(built.root))) ours.insert(file.path);
    ASSERT_EQ(ours, by_git(home / "repository")) << "seed " << seed;
  }
}

}  // namespace
}  // namespace stoker::snapshots
