#include "cli/completing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace stoker::cli {
namespace {

std::vector<std::string> complete(const std::vector<std::string>& words) {
  const auto look_up = [](Values values) -> std::vector<Candidate> {
    if (values == Values::kRun) return {{"diabetes_1", "Running"}, {"housing_2", "Failed"}, {"latest", ""}};
    return {{"diabetes", ""}};
  };
  std::vector<std::string> texts;
  for (const auto& candidate : candidates(words, look_up)) texts.push_back(candidate.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Completing, NounsAndVerbs) {
  EXPECT_EQ(complete({"exp"}), (Texts{"experiment"}));
  EXPECT_EQ(complete({"run", "c"}), (Texts{"cancel"}));
  EXPECT_EQ(complete({"server", "sta"}), (Texts{"start", "status"}));
  EXPECT_EQ(complete({"help", "run", "ex"}), (Texts{"explain"}));
  const auto all = complete({""});
  EXPECT_EQ(std::ranges::count_if(all, [](const std::string& noun) { return noun.starts_with("__"); }), 0);
}

TEST(Completing, OptionsAndTheirValues) {
  EXPECT_EQ(complete({"run", "logs", "--st"}), (Texts{"--stream"}));
  EXPECT_EQ(complete({"run", "logs", "--stream", "std"}), (Texts{"stdout", "stderr"}));
  EXPECT_EQ(complete({"run", "list", "--experiment", ""}), (Texts{"diabetes"}));
  EXPECT_EQ(complete({"run", "submit", "--source", ""}), (Texts{":folders"}));
  EXPECT_EQ(complete({"server", "--li"}), (Texts{"--listen"}));
}

TEST(Completing, RunsWhereARunIsMeant) {
  EXPECT_EQ(complete({"run", "show", "d"}), (Texts{"diabetes_1"}));
  EXPECT_EQ(complete({"run", "cancel", "diabetes_1", "h"}), (Texts{"housing_2"}));
  EXPECT_EQ(complete({"run", "show", "diabetes_1", ""}), Texts{}) << "it takes one run";
  EXPECT_EQ(complete({"run", "diff", "diabetes_1", "l"}), (Texts{"latest"}));
}

TEST(Completing, FilesAfterTheDashes) { EXPECT_EQ(complete({"run", "submit", "-f", "--", "python", "tr"}), (Texts{":files"})); }

TEST(Completing, NonsenseGivesNothing) {
  EXPECT_EQ(complete({"nonsense", "x"}), Texts{});
  EXPECT_EQ(complete({"run", "nonsense", "x"}), Texts{});
}

}  // namespace
}  // namespace stoker::cli
