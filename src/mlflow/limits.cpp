#include "mlflow/limits.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace stoker::mlflow {
namespace {

constexpr std::string_view kLetters =
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::uint32_t code_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])) : 0U; };
  const auto first = byte(0);
  if (first >= 0xF0) return (first & 7U) << 18 | (byte(1) & 63U) << 12 | (byte(2) & 63U) << 6 | (byte(3) & 63U);
  if (first >= 0xE0) return (first & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
  if (first >= 0xC0) return (first & 31U) << 6 | (byte(1) & 63U);
  return first;
}

/// Letters and digits of any script: all beyond ASCII but the blocks of signs.
bool is_letter_beyond_ascii(std::uint32_t code) {
  const auto within = [code](std::uint32_t low, std::uint32_t high) { return code >= low && code <= high; };
  if (code < 0xC0) return code == 0xAA || code == 0xB5 || code == 0xBA;
  const bool sign = code == 0xD7 || code == 0xF7 || within(0x2000, 0x206F) || within(0x20A0, 0x20CF) || within(0x2190, 0x2BFF) ||
                    within(0x3000, 0x3004) || within(0x3008, 0x3020) || within(0xD800, 0xF8FF) || within(0xFE00, 0xFE6F) || within(0xFF00, 0xFF0F) ||
                    within(0x1F000, 0x1FAFF);
  return !sign;
}

bool has_good_letters(std::string_view key) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '.' || c == '-' ||
                       c == ' ' || c == ':';
    if (plain || !begins_character(c)) continue;
    if (static_cast<unsigned char>(c) < 0x80 || !is_letter_beyond_ascii(code_at(key, i))) return false;
  }
  return true;
}

/// What Python's posixpath.normpath makes of it.
std::string normal_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") parts.pop_back();
    else if (part != ".." || !absolute) parts.push_back(part);
  }
  auto text = fmt::format("{}{}", absolute ? "/" : "", fmt::join(parts, "/"));
  return text.empty() ? "." : text;
}

}  // namespace

std::size_t characters(std::string_view text) { return static_cast<std::size_t>(std::ranges::count_if(text, begins_character)); }

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    if (seen++ < most) continue;
    text.resize(i);
    break;
  }
  return text;
}

Status check_length(std::string_view what, std::string_view text, std::size_t most) {
  if (text.size() <= most || characters(text) <= most) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("'{}' exceeds the maximum length of {} characters", what, most));
}

Status check_key(std::string_view parameter, std::string_view what, std::string_view key) {
  if (!has_good_letters(key)) return invalid(parameter, json::value(key), kLetters);
  const auto normal = normal_path(key);
  if (normal != key || key == "." || key.starts_with("..") || key.starts_with('/')) {
    const auto reason = fmt::format(
        "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '{}'",
        normal);
    return invalid(parameter, json::value(key), reason);
  }
  return check_length(what, key, kLongestKey);
}

Result<std::int64_t> read_max_results(const Fields& fields, std::int64_t fallback, std::int64_t most) {
  TRY(const auto given, fields.integer("max_results"));
  if (!given) return fallback;
  const auto refused = [&](std::string_view reason) { return invalid(fields.path_of("max_results"), json::value(*given), reason); };
  if (*given <= 0) return refused("It must be a positive integer");
  if (*given > most) return refused(fmt::format("It must be at most {}", most));
  return *given;
}

}  // namespace stoker::mlflow
