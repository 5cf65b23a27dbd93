#include "catalog/tracking/matcher.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/json.hpp"
#include "search/like.hpp"

namespace stoker::catalog {
namespace {

using search::Clause;
using search::Entity;
using search::Operator;

constexpr std::string_view kRunName = "mlflow.runName";
constexpr std::string_view kParent = "mlflow.parentRunId";

bool matches(const std::string& text, const Clause& clause) {
  switch (clause.op) {
    case Operator::kEqual: return text == clause.text;
    case Operator::kNotEqual: return text != clause.text;
    case Operator::kLike: return search::is_like(text, clause.text, false);
    case Operator::kILike: return search::is_like(text, clause.text, true);
    case Operator::kIn: return std::ranges::find(clause.list, text) != clause.list.end();
    case Operator::kNotIn: return std::ranges::find(clause.list, text) == clause.list.end();
    case Operator::kIsNotNull: return true;
    default: return false;
  }
}

bool matches(double number, const Clause& clause) {
  switch (clause.op) {
    case Operator::kEqual: return number == clause.number;
    case Operator::kNotEqual: return number != clause.number;
    case Operator::kLess: return number < clause.number;
    case Operator::kLessEqual: return number <= clause.number;
    case Operator::kGreater: return number > clause.number;
    case Operator::kGreaterEqual: return number >= clause.number;
    default: return false;
  }
}

/// As clients see it.
double milliseconds(std::int64_t micros) { return std::floor(static_cast<double>(micros) / 1000.0); }

std::string keys_of(const std::vector<Candidate>& candidates) {
  std::string text = "[";
  for (const auto& one : candidates) fmt::format_to(std::back_inserter(text), "{}{}", text.size() > 1 ? "," : "", one.pk);
  return text + "]";
}

template <class Found, class Fn>
void keep_if_found(std::vector<Candidate>& candidates, const Found& found, Fn good) {
  std::erase_if(candidates, [&](const Candidate& one) {
    const auto at = found.find(one.pk);
    return at == found.end() || !good(at->second);
  });
}

SortValue of_text(std::string text) { return {.of = SortValue::Class::kValue, .number = 0, .text = std::move(text)}; }
SortValue of_number(double number) { return {.of = SortValue::Class::kValue, .number = number, .text = {}}; }

}  // namespace

std::string_view mlflow_status(RunState state) {
  switch (state) {
    case RunState::kNotStarted:
    case RunState::kQueued: return "SCHEDULED";
    case RunState::kCompleted: return "FINISHED";
    case RunState::kFailed: return "FAILED";
    case RunState::kCanceled: return "KILLED";
    default: return "RUNNING";
  }
}

std::string artifact_uri(std::string_view location, std::int64_t experiment_number, std::string_view run) {
  if (location.empty()) return fmt::format("mlflow-artifacts:/{}/{}/artifacts", experiment_number, run);
  // A query stays at the end, and a slash is not doubled.
  const auto question = std::min(location.find('?'), location.size());
  auto path = location.substr(0, question);
  if (path.ends_with('/')) path.remove_suffix(1);
  return fmt::format("{}/{}/artifacts{}", path, run, location.substr(question));
}

Status Matcher::keep_matching(std::vector<Candidate>& candidates) {
  if (view_ != RunView::kAll) std::erase_if(candidates, [&](const Candidate& one) { return one.is_archived != (view_ == RunView::kArchived); });
  for (const auto& clause : where_) {
    if (candidates.empty()) return ok();
    CHECK_OK(keep(candidates, clause));
  }
  return sort_values(candidates);
}

Status Matcher::keep(std::vector<Candidate>& candidates, const Clause& clause) {
  if (clause.entity == Entity::kAttribute) return keep_by_attribute(candidates, clause);
  if (clause.entity == Entity::kMetric) {
    TRY(const auto found, metrics(candidates, clause.key));
    // NaN is like no number.
    keep_if_found(candidates, found,
                  [&](const Metric& metric) { return metric.is_nan ? clause.op == Operator::kNotEqual : matches(metric.value, clause); });
    return ok();
  }
  if (clause.entity == Entity::kDataset) {
    TRY(const auto found, datasets(candidates));
    keep_if_found(candidates, found, [&](const std::vector<Dataset>& all) {
      return std::ranges::any_of(all, [&](const Dataset& one) {
        if (clause.key == "context") return one.context && matches(*one.context, clause);
        return matches(clause.key == "name" ? one.name : one.digest, clause);
      });
    });
    return ok();
  }
  TRY(const auto found, texts(candidates, clause.entity, clause.key));
  if (clause.op == Operator::kIsNull) std::erase_if(candidates, [&](const Candidate& one) { return found.contains(one.pk); });
  else keep_if_found(candidates, found, [&](const std::string& text) { return matches(text, clause); });
  return ok();
}

Status Matcher::keep_by_attribute(std::vector<Candidate>& candidates, const Clause& clause) {
  if (clause.key == "run_id") {
    std::erase_if(candidates, [&](const Candidate& one) { return !matches(one.id, clause); });
    return ok();
  }
  if (clause.key == "start_time") {
    std::erase_if(candidates, [&](const Candidate& one) { return !matches(milliseconds(one.start), clause); });
    return ok();
  }
  TRY(const auto found, attributes(candidates));
  keep_if_found(candidates, found, [&](const Attributes& attributes) {
    if (clause.key == "end_time") return attributes.end && matches(*attributes.end, clause);
    if (clause.key == "run_name") return matches(attributes.name, clause);
    if (clause.key == "status") return matches(attributes.status, clause);
    if (clause.key == "user_id") return matches(attributes.user, clause);
    return matches(attributes.artifact_uri, clause);
  });
  return ok();
}

Status Matcher::sort_values(std::vector<Candidate>& candidates) {
  for (auto& one : candidates) one.sort.resize(order_.size());
  for (std::size_t i = 0; i < order_.size() && !candidates.empty(); ++i) CHECK_OK(set_sort(candidates, i));
  return ok();
}

Status Matcher::set_sort(std::vector<Candidate>& candidates, std::size_t index) {
  const auto& order = order_[index];
  const auto set = [&](const auto& found, auto value_of) {
    for (auto& one : candidates)
      if (const auto at = found.find(one.pk); at != found.end()) one.sort[index] = value_of(at->second);
  };
  if (order.entity == Entity::kMetric) {
    TRY(const auto found, metrics(candidates, order.key));
    set(found, [](const Metric& metric) {
      return metric.is_nan ? SortValue{.of = SortValue::Class::kNan, .number = 0, .text = {}} : of_number(metric.value);
    });
    return ok();
  }
  if (order.entity != Entity::kAttribute) {
    TRY(const auto found, texts(candidates, order.entity, order.key));
    set(found, [](const std::string& text) { return of_text(text); });
    return ok();
  }
  if (order.key == "start_time" || order.key == "run_id") {
    for (auto& one : candidates) one.sort[index] = order.key == "run_id" ? of_text(one.id) : of_number(static_cast<double>(one.start));
    return ok();
  }
  TRY(const auto found, attributes(candidates));
  set(found, [&](const Attributes& attributes) {
    if (order.key == "end_time") return attributes.end ? of_number(*attributes.end) : SortValue();
    if (order.key == "run_name") return of_text(attributes.name);
    if (order.key == "status") return of_text(attributes.status);
    if (order.key == "user_id") return of_text(attributes.user);
    return of_text(attributes.artifact_uri);
  });
  return ok();
}

Result<Matcher::Found<Matcher::Metric>> Matcher::metrics(const std::vector<Candidate>& candidates, const std::string& key) {
  Found<Metric> found;
  found.reserve(candidates.size());
  if (walked_key_ == key) {
    for (const auto& one : candidates) found.emplace(one.pk, Metric{.value = one.walked, .is_nan = walked_is_nan_});
    return found;
  }
  CHECK_OK(connection_.visit("metric_of_candidates", {keys_of(candidates), key}, [&](const db::Row& row) {
    const auto pk = row.integer("run_pk");
    const double value = row.real("value");
    found.emplace(pk, Metric{.value = value, .is_nan = row.boolean("is_nan")});
    return true;
  }));
  return found;
}

Result<Matcher::Found<std::string>> Matcher::texts(const std::vector<Candidate>& candidates, Entity entity, const std::string& key) {
  Found<std::string> found;
  found.reserve(candidates.size());
  const auto* statement = entity == Entity::kParam ? "param_of_candidates" : "tag_of_candidates";
  CHECK_OK(connection_.visit(statement, {keys_of(candidates), key}, [&](const db::Row& row) {
    const auto pk = row.integer("run_pk");
    found.emplace(pk, row.text("value"));
    return true;
  }));
  // Two tags are columns of ours.
  if (entity != Entity::kTag || (key != kRunName && key != kParent)) return found;
  TRY(const auto all, attributes(candidates));
  for (const auto& [pk, attributes] : all) {
    if (key == kRunName) found.insert_or_assign(pk, attributes.name);
    else if (!attributes.parent.empty()) found.emplace(pk, attributes.parent);
  }
  return found;
}

Result<Matcher::Found<Matcher::Attributes>> Matcher::attributes(const std::vector<Candidate>& candidates) {
  Found<Attributes> found;
  found.reserve(candidates.size());
  std::unordered_map<std::int64_t, const Candidate*> by_pk;
  for (const auto& one : candidates) by_pk.emplace(one.pk, &one);
  CHECK_OK(connection_.visit("attributes_of_candidates", {keys_of(candidates)}, [&](const db::Row& row) {
    const auto pk = row.integer("run_pk");
    Attributes attributes;
    attributes.name = row.text("display_name");
    attributes.status = mlflow_status(run_state_from_text(row.borrowed_text("state")).value_or(RunState::kNotStarted));
    attributes.user = row.text("user_name");
    if (const auto end = row.optional_integer("ended_at")) attributes.end = milliseconds(*end);
    const auto number = row.integer("number");
    attributes.artifact_uri = artifact_uri(row.borrowed_text("artifact_location"), number, by_pk.at(pk)->id);
    attributes.parent = row.text("parent_id");
    found.emplace(pk, std::move(attributes));
    return true;
  }));
  return found;
}

Result<Matcher::Found<std::vector<Matcher::Dataset>>> Matcher::datasets(const std::vector<Candidate>& candidates) {
  Found<std::vector<Dataset>> found;
  CHECK_OK(connection_.visit("datasets_of_candidates", {keys_of(candidates)}, [&](const db::Row& row) {
    const auto pk = row.integer("run_pk");
    Dataset dataset{.name = {}, .digest = {}, .context = row.optional_text("context")};
    dataset.name = row.text("name");
    dataset.digest = row.text("digest");
    found[pk].push_back(std::move(dataset));
    return true;
  }));
  return found;
}

}  // namespace stoker::catalog
