#include "api/http/range.hpp"

#include <algorithm>
#include <charconv>

namespace stoker::api {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Digits only; a number that does not fit is the largest one.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc::result_out_of_range ? UINT64_MAX : value;
}

}  // namespace

RangeChoice choose_range(std::optional<std::string_view> header, std::uint64_t size) {
  const RangeChoice whole{RangeChoice::Kind::kWhole, {0, size}};
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit)) return whole;
  const auto text = trimmed(header->substr(kUnit.size()));
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return whole;
  const auto first = trimmed(text.substr(0, dash));
  const auto last = trimmed(text.substr(dash + 1));
  if (first.empty()) {
    const auto count = number(last);
    if (!count) return whole;
    if (*count == 0 || size == 0) return {RangeChoice::Kind::kUnsatisfiable, {}};
    const auto length = std::min(*count, size);
    return {RangeChoice::Kind::kPart, {size - length, length}};
  }
  const auto from = number(first);
  const auto to = last.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number(last);
  if (!from || !to || *to < *from) return whole;
  if (*from >= size) return {RangeChoice::Kind::kUnsatisfiable, {}};
  return {RangeChoice::Kind::kPart, {*from, std::min(*to, size - 1) - *from + 1}};
}

bool matches_etag(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto tag = trimmed(header.substr(0, comma));
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
    if (comma == std::string_view::npos) return false;
    header.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace stoker::api
