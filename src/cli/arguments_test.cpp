#include "cli/arguments.hpp"

#include <gtest/gtest.h>

namespace stoker::cli {
namespace {

struct Parsed {
  std::string name, run, state;
  std::vector<std::string> tags, others, program;
  std::int64_t limit = 20;
  bool follow = false, quiet = false;
  Arguments arguments{"run try"};

  explicit Parsed(bool with_rest = false) {
    arguments.text("-n,--name", "NAME", name, "a name");
    arguments.texts("-t,--tag", "TAG", tags, "a tag");
    arguments.number("--limit", "N", limit, 1, 100, "at most");
    arguments.choice("--state", "STATE", state, {"Running", "Failed"}, "a state");
    arguments.flag("-f,--follow", follow, "stay");
    arguments.flag("-q,--quiet", quiet, "say nothing");
    if (with_rest) {
      arguments.rest("PROGRAM", program, "what to run");
      return;
    }
    arguments.operand("RUN", run, "the run");
    arguments.operands("PATH", others, "paths", Values::kAny, false);
  }
};

TEST(Arguments, OptionsAndOperandsInAnyOrder) {
  Parsed parsed;
  ASSERT_TRUE(parsed.arguments.parse({"r1", "-fq", "--name=a b", "p1", "--limit", "7", "--state", "failed", "p2"}));
  EXPECT_EQ(parsed.run, "r1");
  EXPECT_EQ(parsed.others, (std::vector<std::string>{"p1", "p2"}));
  EXPECT_EQ(parsed.name, "a b");
  EXPECT_EQ(parsed.limit, 7);
  EXPECT_EQ(parsed.state, "Failed");
  EXPECT_TRUE(parsed.follow && parsed.quiet);
}

TEST(Arguments, RepeatedOptionsCollectOrTheLastOneCounts) {
  Parsed parsed;
  ASSERT_TRUE(parsed.arguments.parse({"-t", "a", "r1", "-t", "b=c", "-n", "x", "-n", "y"}));
  EXPECT_EQ(parsed.tags, (std::vector<std::string>{"a", "b=c"}));
  EXPECT_EQ(parsed.name, "y");
  EXPECT_EQ(parsed.run, "r1");
}

TEST(Arguments, EverythingAfterTheDashesBelongsToTheProgram) {
  Parsed parsed(true);
  ASSERT_TRUE(parsed.arguments.parse({"-f", "--", "python", "train.py", "--name", "x", "--", "-q"}));
  EXPECT_EQ(parsed.program, (std::vector<std::string>{"python", "train.py", "--name", "x", "--", "-q"}));
  EXPECT_EQ(parsed.name, "");
  EXPECT_FALSE(parsed.quiet);
}

TEST(Arguments, AllMistakesAtOnceWithAHint) {
  Parsed parsed;
  const auto status = parsed.arguments.parse({"--limit", "many", "--state", "Runing", "--folow"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidInput);
  std::vector<std::string> paths;
  const auto error = status.error();
  for (const auto& mistake : error.mistake_list()) paths.push_back(mistake.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"--limit", "--state", "RUN", "--folow"}));
  EXPECT_EQ(error.hint_text(), "did you mean \"--follow\"?");
}

TEST(Arguments, ProgramWithoutDashesIsExplained) {
  Parsed parsed(true);
  const auto status = parsed.arguments.parse({"python", "train.py"});
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().hint_text().find("after `--`"), std::string::npos);
}

TEST(Arguments, OptionWithoutItsValueIsAMistake) {
  Parsed parsed;
  EXPECT_FALSE(parsed.arguments.parse({"r1", "--name"}));
}

TEST(Arguments, EmptyAndOddValuesPass) {
  Parsed parsed;
  ASSERT_TRUE(parsed.arguments.parse({"r1", "--name", "", "--tag", "-x y\n"}))
      << parsed.arguments.parse({"r1", "--name", "", "--tag", "-x y\n"}).error().to_terminal();
  EXPECT_EQ(parsed.tags, (std::vector<std::string>{"-x y\n"}));
}

TEST(Arguments, UsageAndTable) {
  const Parsed parsed;
  EXPECT_EQ(parsed.arguments.usage(), "stoker run try [OPTIONS] RUN [PATH…]");
  EXPECT_NE(parsed.arguments.table().find("  -t, --tag TAG"), std::string::npos);
}

TEST(SplitPair, AtTheFirstEqualsSign) {
  EXPECT_EQ(*split_pair("a=b=c"), std::pair(std::string("a"), std::string("b=c")));
  EXPECT_EQ(*split_pair("a="), std::pair(std::string("a"), std::string()));
  EXPECT_FALSE(split_pair("a"));
  EXPECT_FALSE(split_pair("=b"));
}

}  // namespace
}  // namespace stoker::cli
