#include "db/statements.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>

#include <fmt/format.h>

namespace stoker::db {
namespace {

constexpr std::string_view kNameMark = "-- name:";
constexpr std::string_view kPartMark = "-- part:";
constexpr std::string_view kUseMark = "-- with:";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

Status finish(NamedStatement& statement) {
  auto& sql = statement.sql;
  sql = std::string(trimmed(sql));
  if (sql.empty() || sql.back() != ';')
    return Error(ErrorCode::kInternal, fmt::format("the statement {} does not end with a semicolon", statement.name));
  sql.pop_back();
  return ok();
}

/// Where what begins at `at` (a quote or a comment) ends; `at` itself when neither begins there.
std::size_t skip_verbatim(std::string_view sql, std::size_t at) {
  const auto after = [&](std::string_view end, std::size_t from) {
    const auto found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (sql[at] == '\'') return after("'", at + 1);
  if (sql[at] == '"') return after("\"", at + 1);
  if (sql.substr(at).starts_with("--")) return after("\n", at);
  return at;
}

void spell_word(std::string_view sql, std::size_t& at, std::span<const DialectWord> words, std::string& out) {
  auto end = at;
  while (end < sql.size() && is_word(sql[end])) ++end;
  const auto name = sql.substr(at, end - at);
  const auto word = std::ranges::find(words, name, &DialectWord::word);
  at = end;
  if (word == words.end()) {
    out += name;
    return;
  }
  const auto hole = word->text.find('%');
  if (hole == std::string_view::npos) {
    out += word->text;
    return;
  }
  const auto close = std::min(sql.find(')', end), sql.size());
  out += word->text.substr(0, hole);
  out += sql.substr(end + 1, close - end - 1);
  out += word->text.substr(hole + 1);
  at = std::min(close + 1, sql.size());
}

}  // namespace

Result<std::vector<NamedStatement>> parse_statements(std::string_view file_text) {
  std::vector<NamedStatement> statements;
  std::map<std::string, std::string> parts;
  std::string* into = nullptr;
  for (int number = 1; !file_text.empty(); ++number) {
    const auto line = take_line(file_text);
    const auto text = trimmed(line);
    if (text.starts_with(kNameMark) || text.starts_with(kPartMark)) {
      const auto name = std::string(trimmed(text.substr(kNameMark.size())));
      const bool seen = std::ranges::find(statements, name, &NamedStatement::name) != statements.end() || parts.contains(name);
      if (name.empty() || seen)
        return Error(ErrorCode::kInternal, fmt::format("line {}: the name \"{}\" is empty or was used already", number, name));
      const bool is_statement = text.starts_with(kNameMark);
      into = is_statement ? &statements.emplace_back(NamedStatement{name, {}}).sql : &parts[name];
    } else if (text.starts_with(kUseMark)) {
      const auto part = parts.find(std::string(trimmed(text.substr(kUseMark.size()))));
      if (into == nullptr || part == parts.end()) return Error(ErrorCode::kInternal, fmt::format("line {}: no such part stands above", number));
      *into += part->second;
    } else if (!text.empty() && !text.starts_with("--")) {
      if (into == nullptr) return Error(ErrorCode::kInternal, fmt::format("line {}: SQL before the first \"-- name:\"", number));
      *into += std::string(line) + '\n';
    }
  }
  for (auto& statement : statements) CHECK_OK(finish(statement));
  return statements;
}

std::string spell(std::string_view sql, std::span<const DialectWord> words) {
  std::string out;
  out.reserve(sql.size() + 64);
  for (std::size_t at = 0; at < sql.size();) {
    if (const auto end = skip_verbatim(sql, at); end != at) {
      out += sql.substr(at, end - at);
      at = end;
    } else if (is_word(sql[at])) {
      spell_word(sql, at, words, out);
    } else {
      out += sql[at++];
    }
  }
  return out;
}

}  // namespace stoker::db
