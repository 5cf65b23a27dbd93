#pragma once
// A run on its way through a search. Private to catalog/tracking.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "search/filter.hpp"

namespace stoker::catalog {

/// What a run has for one order; classes come one after the other whatever the direction.
struct SortValue {
  enum class Class : std::uint8_t { kValue = 0, kNan = 1, kMissing = 2 };
  Class of = Class::kMissing;
  double number = 0;
  std::string text;
};

struct Candidate {
  std::int64_t pk = 0;
  std::string id;
  std::int64_t start = 0;  // microseconds
  bool is_archived = false;
  double walked = 0;            // the metric's value that led here
  std::vector<SortValue> sort;  // one for each order
};

/// By the orders, then start descending, then id.
bool comes_before(const Candidate& a, const Candidate& b, std::span<const search::Order> order);

}  // namespace stoker::catalog
