#include "mlflow/matching.hpp"

#include <algorithm>

#include "mlflow/limits.hpp"
#include "mlflow/page_token.hpp"
#include "search/like.hpp"

namespace stoker::mlflow {
namespace {

using search::Operator;

template <class T>
bool compares(Operator op, const T& a, const T& b) {
  switch (op) {
    case Operator::kEqual: return a == b;
    case Operator::kNotEqual: return a != b;
    case Operator::kLess: return a < b;
    case Operator::kLessEqual: return a <= b;
    case Operator::kGreater: return a > b;
    case Operator::kGreaterEqual: return a >= b;
    default: return false;
  }
}

Error bad_token() { return {ErrorCode::kInvalidInput, "Invalid page token, could not base64-decode"}; }

std::string_view token_word(std::string_view key) {
  if (key == "filter_string") return "Filter string in the page token does not match the requested filter string.";
  if (key == "experiment_ids") return "Experiment IDs in the page token do not match the requested experiment IDs.";
  return "Order by in the page token does not match the requested order by.";
}

}  // namespace

bool matches(const search::Clause& clause, const std::optional<std::string>& value) {
  if (clause.op == Operator::kIsNull) return !value;
  if (!value) return false;
  switch (clause.op) {
    case Operator::kIsNotNull: return true;
    case Operator::kIn: return std::ranges::find(clause.list, *value) != clause.list.end();
    case Operator::kNotIn: return std::ranges::find(clause.list, *value) == clause.list.end();
    case Operator::kLike: return search::is_like(*value, clause.text, false);
    case Operator::kILike: return search::is_like(*value, clause.text, true);
    default: return compares(clause.op, *value, clause.text);
  }
}

bool matches(const search::Clause& clause, const std::optional<double>& value) {
  if (clause.op == Operator::kIsNull) return !value;
  return value && (clause.op == Operator::kIsNotNull || compares(clause.op, *value, clause.number));
}

std::optional<std::string> value_of(const std::map<std::string, std::string>& labels, const std::string& key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::nullopt : std::optional(found->second);
}

Result<Page> read_page(const Fields& fields, std::int64_t fallback, std::int64_t most, const json::object& context) {
  TRY(const auto limit, read_max_results(fields, fallback, most));
  TRY(const auto token, fields.text_or("page_token", ""));
  Page page{0, static_cast<std::size_t>(limit)};
  if (token.empty()) return page;
  TRY(const auto decoded, read_page_token(token));
  const auto parsed = parse_json(decoded);
  const auto* body = parsed ? parsed->if_object() : nullptr;
  const auto* offset = body != nullptr ? body->if_contains("offset") : nullptr;
  if (offset == nullptr || !offset->is_int64() || offset->get_int64() < 0) return bad_token();
  for (const auto& [key, value] : context) {
    const auto* bound = body->if_contains(key);
    if (bound == nullptr || *bound != value) return Error(ErrorCode::kInvalidInput, std::string(token_word(key)));
  }
  page.offset = static_cast<std::size_t>(offset->get_int64());
  return page;
}

std::string list_token(std::size_t offset, json::object context) {
  context["offset"] = offset;
  return page_token(json::serialize(context));
}

}  // namespace stoker::mlflow
