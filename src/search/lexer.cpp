#include "search/lexer.hpp"

namespace stoker::search {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }
/// Bytes above ASCII are letters of some script.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_in_word(char c) { return is_letter(c) || is_digit(c); }

/// Past the closing quote, 0 when there is none. A doubled quote does not close and stays doubled.
std::size_t quoted_size(std::string_view text) {
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != quote) continue;
    if (i + 1 < text.size() && text[i + 1] == quote) ++i;
    else return i + 1;
  }
  return 0;
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

/// 0: no number begins here.
std::size_t number_size(std::string_view text) {
  std::size_t at = text[0] == '-' ? 1 : 0;
  const auto whole = digits_at(text, at);
  at += whole;
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    fraction = digits_at(text, at + 1);
    at += 1 + fraction;
  }
  if (whole + fraction == 0) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const auto sign = at + 1 < text.size() && (text[at + 1] == '-' || text[at + 1] == '+') ? 1U : 0U;
    const auto exponent = digits_at(text, at + 1 + sign);
    if (exponent == 0) return 0;
    at += 1 + sign + exponent;
  }
  if (at < text.size() && (is_in_word(text[at]) || text[at] == '.')) return 0;
  return at;
}

/// Letters, digits and dots; behind a dot also a part in quotes, which ends it.
std::size_t name_size(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (at > 0 && text[at - 1] == '.' && is_quote(text[at])) {
      const auto part = quoted_size(text.substr(at));
      return part == 0 ? at : at + part;
    }
    if (!is_in_word(text[at]) && !(text[at] == '.' && at > 0)) break;
    ++at;
  }
  return at;
}

std::size_t operator_size(std::string_view text) {
  for (const std::string_view two : {"!=", "<=", ">=", "==", "<>", "&&", "||"})
    if (text.starts_with(two)) return 2;
  return text[0] == '=' || text[0] == '<' || text[0] == '>' ? 1 : 0;
}

/// A word of anything up to the next blank: only for messages.
std::size_t rest_size(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size() && !is_blank(text[at])) ++at;
  return at;
}

Token next_of(std::string_view text) {
  const auto take = [&](Piece piece, std::size_t size) { return Token{piece, text.substr(0, size)}; };
  const char c = text[0];
  if (c == '(') return take(Piece::kOpen, 1);
  if (c == ')') return take(Piece::kClose, 1);
  if (c == ',') return take(Piece::kComma, 1);
  if (is_quote(c)) {
    const auto size = quoted_size(text);
    if (size == 0) return take(Piece::kOther, text.size());
    return take(c == '`' ? Piece::kName : Piece::kText, size);
  }
  if (const auto size = operator_size(text); size > 0) return take(Piece::kOperator, size);
  if (is_digit(c) || c == '-' || c == '.') {
    if (const auto size = number_size(text); size > 0) return take(Piece::kNumber, size);
    return take(Piece::kOther, rest_size(text));
  }
  if (is_letter(c)) return take(Piece::kName, name_size(text));
  return take(Piece::kOther, rest_size(text));
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  while (!text.empty()) {
    if (is_blank(text[0])) {
      text.remove_prefix(1);
      continue;
    }
    tokens.push_back(next_of(text));
    text.remove_prefix(tokens.back().text.size());
  }
  return tokens;
}

bool is_quoted(std::string_view text) { return text.size() >= 2 && is_quote(text[0]) && text.back() == text[0]; }

std::string_view without_quotes(std::string_view text) { return is_quoted(text) ? text.substr(1, text.size() - 2) : text; }

bool is_word(const Token& token, std::string_view word) {
  if (token.piece != Piece::kName || token.text.size() != word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = token.text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != word[i]) return false;
  }
  return true;
}

}  // namespace stoker::search
