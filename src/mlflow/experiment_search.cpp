#include "mlflow/experiment_search.hpp"

#include <algorithm>

#include "search/like.hpp"

namespace stoker::mlflow {
namespace {

using search::Clause;
using search::Operator;

std::int64_t millis(Time time) { return to_micros(time) / 1000; }

bool text_matches(const std::string& text, const Clause& clause) {
  switch (clause.op) {
    case Operator::kEqual: return text == clause.text;
    case Operator::kNotEqual: return text != clause.text;
    case Operator::kLike: return search::is_like(text, clause.text, false);
    case Operator::kILike: return search::is_like(text, clause.text, true);
    default: return clause.op == Operator::kIsNotNull;
  }
}

bool number_matches(double number, const Clause& clause) {
  switch (clause.op) {
    case Operator::kEqual: return number == clause.number;
    case Operator::kNotEqual: return number != clause.number;
    case Operator::kLess: return number < clause.number;
    case Operator::kLessEqual: return number <= clause.number;
    case Operator::kGreater: return number > clause.number;
    default: return number >= clause.number;
  }
}

bool matches_one(const catalog::Experiment& experiment, const Clause& clause) {
  if (clause.entity == search::Entity::kTag) {
    const auto tag = experiment.tags.find(clause.key);
    if (tag == experiment.tags.end()) return clause.op == Operator::kIsNull;
    return clause.op != Operator::kIsNull && text_matches(tag->second, clause);
  }
  if (clause.key == "name") return text_matches(experiment.name, clause);
  return number_matches(static_cast<double>(millis(clause.key == "creation_time" ? experiment.created_at : experiment.updated_at)), clause);
}

/// Below 0, 0, above 0.
int compare(const catalog::Experiment& a, const catalog::Experiment& b, const std::string& key) {
  if (key == "name") return a.name.compare(b.name);
  const auto number_of = [&](const catalog::Experiment& one) {
    if (key == "experiment_id") return one.number;
    return millis(key == "creation_time" ? one.created_at : one.updated_at);
  };
  const auto left = number_of(a), right = number_of(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

}  // namespace

bool matches(const catalog::Experiment& experiment, const std::vector<search::Clause>& where) {
  return std::ranges::all_of(where, [&](const Clause& clause) { return matches_one(experiment, clause); });
}

void sort(std::vector<catalog::Experiment>& experiments, const std::vector<search::Order>& orders) {
  std::ranges::sort(experiments, [&](const catalog::Experiment& a, const catalog::Experiment& b) {
    for (const auto& order : orders) {
      if (const int decided = compare(a, b, order.key); decided != 0) return order.ascending ? decided < 0 : decided > 0;
    }
    if (!orders.empty()) return a.number > b.number;
    if (const int decided = compare(a, b, "creation_time"); decided != 0) return decided > 0;
    return a.number < b.number;
  });
}

}  // namespace stoker::mlflow
