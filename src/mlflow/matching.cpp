#include "mlflow/matching.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "api/auth.hpp"
#include "mlflow/origin.hpp"
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

/// Base64 with `=`, as Python's decoders want it.
std::string base64(std::string_view bytes) {
  auto text = api::base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
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
  TRY(const auto wanted, fields.integer("max_results"));
  const auto limit = wanted.value_or(fallback);
  if (limit <= 0) return invalid("max_results", limit, "It must be a positive integer");
  if (limit > most) return invalid("max_results", limit, fmt::format("It must be at most {}, but got value {}", most, limit));
  TRY(const auto token, fields.text_or("page_token", ""));
  Page page{0, static_cast<std::size_t>(limit)};
  if (token.empty()) return page;
  const auto decoded = from_base64(token);
  const auto parsed = decoded ? parse_json(*decoded) : Result<json::value>(bad_token());
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

std::string page_token(std::size_t offset, json::object context) {
  context["offset"] = offset;
  return base64(json::serialize(context));
}

}  // namespace stoker::mlflow
