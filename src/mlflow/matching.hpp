#pragma once
// What matches a clause, where what is searched lies in memory: models, versions, logged models, traces. And pages of what was found.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mlflow/fields.hpp"
#include "search/filter.hpp"

namespace stoker::mlflow {

/// nullopt: the thing lacks it, which nothing but IS NULL matches.
bool matches(const search::Clause& clause, const std::optional<std::string>& value);
bool matches(const search::Clause& clause, const std::optional<double>& value);
std::optional<std::string> value_of(const std::map<std::string, std::string>& labels, const std::string& key);

/// -1, 0 or 1.
template <class T>
int sign(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

struct Page {
  std::size_t offset = 0;
  std::size_t limit = 0;
};
/// From `max_results` and `page_token`. `context`: what a token is bound to, with the words of a refusal; see `list_token`.
Result<Page> read_page(const Fields& fields, std::int64_t fallback, std::int64_t most, const json::object& context = {});
/// Base64 of {"offset": N} and the context, as MLflow's own.
std::string list_token(std::size_t offset, json::object context = {});
/// Of `all` the page, with the token of the next one where there is more.
template <class T>
std::optional<std::size_t> cut_page(std::vector<T>& all, const Page& page) {
  const auto begin = std::min(page.offset, all.size());
  const auto end = std::min(begin + page.limit, all.size());
  const bool more = end < all.size();
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(end), all.end());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
  return more ? std::optional(end) : std::nullopt;
}

}  // namespace stoker::mlflow
