#pragma once
// Which Python packages lie in some folders: read from the names and heads of their `.dist-info` and `.egg-info`, as importlib.metadata
// does, without starting anything. A folder that has not changed since it was read is not read again.

#include <string>
#include <vector>

#include "base/result.hpp"

namespace stoker::environments {

struct Package {
  std::string name;  // as the package writes it: "scikit-learn"
  std::string version;
  friend bool operator==(const Package&, const Package&) = default;
};

/// By name, whatever its case; of two of one name the one that is found first, as an import does. Missing folders hold nothing.
std::vector<Package> packages_in(const std::vector<std::string>& folders);

/// `Name:` and `Version:` of the head of a METADATA or PKG-INFO; empty where they are not there. Pure.
Package read_metadata_head(std::string_view text);

}  // namespace stoker::environments
