#pragma once
// Search for runs by MLflow's grammar. A search walks an index in the order that is asked for (by start, or by the latest value of a metric), looks
// up what the clauses ask about for many runs at once, and stops when the page is full: so its cost follows what it has to look at, not what is
// stored. Where no index has the order (a param, a tag, a name), it looks at all runs of the experiments and keeps the best. Clauses are judged here
// and not by the engine, so SQLite and PostgreSQL answer alike.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "catalog/runs.hpp"
#include "db/database.hpp"
#include "search/filter.hpp"

namespace stoker::catalog {

struct RunSearch {
  std::vector<std::int64_t> experiments;  // their pks, each once
  std::vector<search::Clause> where;
  std::vector<search::Order> order;  // then start, newest first, then id
  RunView view = RunView::kActive;
  std::size_t limit = 1000;
  std::string page_token;  // of the page before under the same search; empty: the first
};

struct FoundRuns {
  std::vector<std::int64_t> pks;
  std::optional<std::string> next_page_token;  // nullopt: that was all
  /// How it was found, for people: what was walked, what was looked up, how many runs were looked at.
  std::vector<std::string> plan;
};

/// kInvalidInput: the page token is none, or of another search. Latest values are as MetricIndex brought them.
Result<FoundRuns> search_runs(db::Connection& connection, const RunSearch& search);

}  // namespace stoker::catalog
