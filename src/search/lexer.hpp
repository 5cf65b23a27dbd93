#pragma once
// Pieces of a filter. Private to search/.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::search {

enum class Piece : std::uint8_t {
  kName,      // an identifier, perhaps with a quoted part: metrics.`my metric`; or a word of the language
  kNumber,    // -2, .5, 1e-3
  kText,      // '…' or "…", with its quotes
  kOperator,  // = != < <= > >=, and == <> && which nothing takes
  kOpen,
  kClose,
  kComma,
  kOther,  // nothing of the language
};

struct Token {
  Piece piece = Piece::kOther;
  std::string_view text;  // as written
};

/// Never fails: what is not understood is kOther.
std::vector<Token> tokens_of(std::string_view text);

/// Without the quotes around it, if there are any.
std::string_view without_quotes(std::string_view text);
bool is_quoted(std::string_view text);
/// Compares letters of ASCII without case; `word` in capitals.
bool is_word(const Token& token, std::string_view word);

}  // namespace stoker::search
