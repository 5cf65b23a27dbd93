#pragma once
// Runs of one experiment in the order of an index, some at a time. Private to catalog/tracking.

#include <limits>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalog/tracking/candidate.hpp"
#include "db/database.hpp"

namespace stoker::catalog {

/// Which index, and which part of it. Bounds count; they may be wider than what is asked for.
struct Path {
  enum class By : std::uint8_t { kStart, kMetric };
  By by = By::kStart;
  bool ascending = false;
  std::int64_t first_start = std::numeric_limits<std::int64_t>::min();
  std::int64_t last_start = std::numeric_limits<std::int64_t>::max();
  std::string metric;
  bool is_nan = false;
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();

  /// What neighbours on the path have in common.
  double key_of(const Candidate& one) const { return by == By::kMetric ? one.walked : static_cast<double>(one.start); }
  bool precedes(double a, double b) const { return ascending ? a < b : a > b; }
};

class Walk {
 public:
  Walk(std::int64_t experiment, Path path);
  /// The next `count`; fewer, and is_done(), at the end.
  Result<std::vector<Candidate>> next(db::Connection& connection, std::size_t count);
  bool is_done() const { return is_done_; }

 private:
  Result<std::vector<Candidate>> next_by_start(db::Connection& connection, std::size_t count);
  Result<std::vector<Candidate>> next_by_metric(db::Connection& connection, std::size_t count);

  std::int64_t experiment_;
  Path path_;
  std::int64_t start_ = 0;  // behind this start and id
  std::string id_;
  std::int64_t pk_ = 0;  // behind the bound's value and this run
  bool is_done_ = false;
};

Candidate read_candidate(const db::Row& row);

}  // namespace stoker::catalog
