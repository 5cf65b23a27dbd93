#pragma once
// Judges candidates of a search by its clauses, and finds what they are ordered by: one query for a clause and many runs. Private to
// catalog/tracking.

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "catalog/runs.hpp"
#include "catalog/tracking/candidate.hpp"
#include "db/database.hpp"

namespace stoker::catalog {

class Matcher {
 public:
  /// What is passed must outlive this.
  Matcher(db::Connection& connection, const std::vector<search::Clause>& where, const std::vector<search::Order>& order, RunView view)
      : connection_(connection), where_(where), order_(order), view_(view) {}

  /// The candidates come by this metric and carry its value: nothing to look up.
  void walks(std::string key, bool is_nan) {
    walked_key_ = std::move(key);
    walked_is_nan_ = is_nan;
  }
  void walks_no_metric() { walked_key_.reset(); }
  /// Takes out what does not match, and gives the others their sort values.
  Status keep_matching(std::vector<Candidate>& candidates);

 private:
  struct Attributes {
    std::string name, status, artifact_uri, user;
    std::optional<double> end;
    std::string parent;
  };
  struct Metric {
    double value = 0;
    bool is_nan = false;
  };
  struct Dataset {
    std::string name, digest;
    std::optional<std::string> context;
  };
  template <class Value>
  using Found = std::unordered_map<std::int64_t, Value>;

  Status keep(std::vector<Candidate>& candidates, const search::Clause& clause);
  Status keep_by_attribute(std::vector<Candidate>& candidates, const search::Clause& clause);
  Status sort_values(std::vector<Candidate>& candidates);
  Status set_sort(std::vector<Candidate>& candidates, std::size_t index);
  Result<Found<Metric>> metrics(const std::vector<Candidate>& candidates, const std::string& key);
  Result<Found<std::string>> texts(const std::vector<Candidate>& candidates, search::Entity entity, const std::string& key);
  Result<Found<Attributes>> attributes(const std::vector<Candidate>& candidates);
  Result<Found<std::vector<Dataset>>> datasets(const std::vector<Candidate>& candidates);

  db::Connection& connection_;
  const std::vector<search::Clause>& where_;
  const std::vector<search::Order>& order_;
  RunView view_;
  std::optional<std::string> walked_key_;
  bool walked_is_nan_ = false;
};

/// MLflow's name of a state: RUNNING, SCHEDULED, FINISHED, FAILED, KILLED.
std::string_view mlflow_status(RunState state);
/// `<root>/<experiment>/<run>/artifacts`; `location` empty: the default root.
std::string artifact_uri(std::string_view location, std::int64_t experiment_number, std::string_view run);

}  // namespace stoker::catalog
