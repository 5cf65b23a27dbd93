#pragma once
// What differs between two runs: parameters, environment, metrics. Pure; the records are those of the API.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace stoker::cli {

struct Change {
  std::string name;
  std::string a, b;  // empty: not there
  friend bool operator==(const Change&, const Change&) = default;
};

/// `--alpha 0.5`, `--alpha=0.5` and `-v` by their names; other words as "argument 1" …
std::map<std::string, std::string> parameters_of(const json::object& run);
/// Kind, settings, variables (the environment's, the run's own, what it inherited), resources, git commit.
std::map<std::string, std::string> environment_of(const json::object& run);
/// What was found when it ran: interpreter, host, platform, packages ("package numpy"). Empty for nullopt.
std::map<std::string, std::string> found_environment(const std::optional<json::object>& record);
/// The latest value of each metric.
std::map<std::string, std::string> latest_values(const json::object& metrics);

/// Only what differs, by name.
std::vector<Change> changes(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b);
json::array to_json(const std::vector<Change>& list);

}  // namespace stoker::cli
