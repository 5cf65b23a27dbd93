#include "cli/output/timed_lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace stoker::cli {
namespace {

TEST(TimedLines, ALineHasTheTimeOfItsBeginAndStreamsAreKeptApart) {
  std::vector<std::string> seen;
  TimedLines lines([&seen](const TimedLine& line) { seen.push_back(line.time + " " + line.stream + " " + line.text); });
  lines.take("t1", "stdout", "one\ntw");
  lines.take("t2", "stderr", "oh\n\n");
  lines.take("t3", "stdout", "o\nthree");
  lines.take("t4", "stderr", "last");
  lines.finish();
  EXPECT_EQ(seen, (std::vector<std::string>{"t1 stdout one", "t2 stderr oh", "t2 stderr ", "t1 stdout two", "t4 stderr last", "t3 stdout three"}));
}

}  // namespace
}  // namespace stoker::cli
