#include "cli/comparison.hpp"

#include <gtest/gtest.h>

namespace stoker::cli {
namespace {

json::object record(std::string_view text) { return parse_json(text)->get_object(); }

TEST(Comparison, ParametersByTheirNames) {
  const auto found = parameters_of(record(R"({"spec": {"argv": ["python", "train.py", "--alpha", "-0.5", "--depth=3", "-v", "--last"]}})"));
  EXPECT_EQ(found,
            (std::map<std::string, std::string>{
                {"program", "python"}, {"argument 1", "train.py"}, {"--alpha", "-0.5"}, {"--depth", "3"}, {"-v", "given"}, {"--last", "given"}}));
}

TEST(Comparison, OnlyWhatDiffers) {
  EXPECT_EQ(changes({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"a", "1"}, {"b", "4"}, {"d", "5"}}),
            (std::vector<Change>{{"b", "2", "4"}, {"c", "3", ""}, {"d", "", "5"}}));
  EXPECT_TRUE(changes({}, {}).empty());
}

TEST(Comparison, PackagesByTheirNames) {
  EXPECT_EQ(found_environment(record(R"({"version": "3.11.2", "interpreter": null, "packages": [{"name": "numpy", "version": "1.24"}]})")),
            (std::map<std::string, std::string>{{"interpreter version", "3.11.2"}, {"package numpy", "1.24"}}));
  EXPECT_TRUE(found_environment(std::nullopt).empty());
}

TEST(Comparison, LatestValuesOfMetrics) {
  const auto found = latest_values(record(R"({"metrics": [
    {"name": "loss", "kind": "scalar", "columns": [], "points": [{"step": 1, "values": [0.5]}, {"step": 2, "values": ["NaN"]}], "count": 2},
    {"name": "t", "kind": "row", "columns": ["a"], "points": [{"values": [1]}], "count": 1}]})"));
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"loss", "NaN"}, {"t", "1 rows"}}));
}

}  // namespace
}  // namespace stoker::cli
