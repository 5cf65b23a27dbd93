// git's wildmatch.c, result for result. Each answer depends only on the two positions, so patterns with several stars remember what
// did not match: without that, `*a*a*a*…` takes exponential time.

#include <cctype>
#include <cstdint>
#include <string_view>
#include <vector>

#include "snapshots/source/ignore.hpp"

namespace stoker::snapshots {
namespace {

enum class Match : std::uint8_t { kUnknown, kYes, kNo, kAbort, kAbortToStarStar };

bool in_class(std::string_view name, unsigned char c, bool& is_known) {
  const bool ascii = c < 128;
  is_known = true;
  if (name == "alnum") return ascii && std::isalnum(c) != 0;
  if (name == "alpha") return ascii && std::isalpha(c) != 0;
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return ascii && std::iscntrl(c) != 0;
  if (name == "digit") return ascii && std::isdigit(c) != 0;
  if (name == "graph") return ascii && std::isgraph(c) != 0;
  if (name == "lower") return ascii && std::islower(c) != 0;
  if (name == "print") return ascii && std::isprint(c) != 0;
  if (name == "punct") return ascii && std::ispunct(c) != 0;
  if (name == "space") return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  if (name == "upper") return ascii && std::isupper(c) != 0;
  if (name == "xdigit") return ascii && std::isxdigit(c) != 0;
  is_known = false;
  return false;
}

class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text, bool path_mode) : pattern_(pattern), text_(text), path_mode_(path_mode) {
    std::size_t stars = 0;
    for (const char c : pattern) stars += c == '*' ? 1 : 0;
    if (stars > 2) memo_.resize((pattern.size() + 1) * (text.size() + 1), Match::kUnknown);
  }
  Match match(std::size_t p, std::size_t t) {
    if (memo_.empty()) return match_fresh(p, t);
    const std::size_t slot = p * (text_.size() + 1) + t;
    if (memo_[slot] == Match::kUnknown) {
      const Match result = match_fresh(p, t);
      memo_[slot] = result;
    }
    return memo_[slot];
  }

 private:
  // 0 behind the end, as in a C string.
  unsigned char pattern_at(std::size_t p) const { return p < pattern_.size() ? static_cast<unsigned char>(pattern_[p]) : 0; }
  unsigned char text_at(std::size_t t) const { return t < text_.size() ? static_cast<unsigned char>(text_[t]) : 0; }
  bool has_slash_from(std::size_t t) const { return text_.find('/', t) != std::string_view::npos; }

  Match match_fresh(std::size_t p, std::size_t t);
  Match match_star(std::size_t start, std::size_t& p, std::size_t& t);
  Match match_set(std::size_t& p, unsigned char c);

  std::string_view pattern_;
  std::string_view text_;
  bool path_mode_;
  std::vector<Match> memo_;
};

Match Matcher::match_fresh(std::size_t p, std::size_t t) {
  const std::size_t start = p;
  for (; pattern_at(p) != 0; ++t, ++p) {
    const unsigned char c = text_at(t);
    unsigned char wanted = pattern_at(p);
    if (c == 0 && wanted != '*') return Match::kAbort;
    if (wanted == '?') {
      if (path_mode_ && c == '/') return Match::kNo;
    } else if (wanted == '*') {
      if (const Match result = match_star(start, p, t); result != Match::kUnknown) return result;
    } else if (wanted == '[') {
      const Match result = match_set(p, c);
      if (result != Match::kYes) return result;
    } else {
      if (wanted == '\\') wanted = pattern_at(++p);
      if (c != wanted) return Match::kNo;
    }
  }
  return text_at(t) != 0 ? Match::kNo : Match::kYes;
}

/// kUnknown: a single star took a folder's name up to its slash, go on behind it.
Match Matcher::match_star(std::size_t start, std::size_t& p, std::size_t& t) {
  bool crosses_slash = !path_mode_;
  ++p;
  if (pattern_at(p) == '*') {
    const std::size_t first_star = p - 1;
    while (pattern_at(p) == '*') ++p;
    const bool begins_part = first_star == start || pattern_at(first_star - 1) == '/';
    const bool ends_part = pattern_at(p) == 0 || pattern_at(p) == '/' || (pattern_at(p) == '\\' && pattern_at(p + 1) == '/');
    if (path_mode_ && begins_part && ends_part) {
      if (pattern_at(p) == '/' && match(p + 1, t) == Match::kYes) return Match::kYes;
      crosses_slash = true;
    }
  }
  if (pattern_at(p) == 0) return !crosses_slash && has_slash_from(t) ? Match::kNo : Match::kYes;
  if (!crosses_slash && pattern_at(p) == '/') {
    const std::size_t slash = text_.find('/', t);
    if (slash == std::string_view::npos) return Match::kNo;
    t = slash;
    return Match::kUnknown;
  }
  for (; text_at(t) != 0; ++t) {
    const Match result = match(p, t);
    if (result != Match::kNo) {
      if (!crosses_slash || result != Match::kAbortToStarStar) return result;
    } else if (!crosses_slash && text_at(t) == '/') {
      return Match::kAbortToStarStar;
    }
  }
  return Match::kAbort;
}

/// `p` is left on the closing bracket.
Match Matcher::match_set(std::size_t& p, unsigned char c) {
  unsigned char wanted = pattern_at(++p);
  const bool negated = wanted == '!' || wanted == '^';
  if (negated) wanted = pattern_at(++p);
  unsigned char previous = 0;
  bool is_in = false;
  do {
    if (wanted == 0) return Match::kAbort;
    if (wanted == '\\') {
      wanted = pattern_at(++p);
      if (wanted == 0) return Match::kAbort;
      is_in = is_in || c == wanted;
    } else if (wanted == '-' && previous != 0 && pattern_at(p + 1) != 0 && pattern_at(p + 1) != ']') {
      wanted = pattern_at(++p);
      if (wanted == '\\') wanted = pattern_at(++p);
      if (wanted == 0) return Match::kAbort;
      is_in = is_in || (c <= wanted && c >= previous);
      wanted = 0;
    } else if (wanted == '[' && pattern_at(p + 1) == ':') {
      const std::size_t name = p + 2;
      std::size_t end = name;
      while (pattern_at(end) != 0 && pattern_at(end) != ']') ++end;
      if (pattern_at(end) == 0) return Match::kAbort;
      if (end == name || pattern_at(end - 1) != ':') {
        is_in = is_in || c == '[';  // no class after all: an ordinary set
      } else {
        bool is_known = false;
        is_in = in_class(pattern_.substr(name, end - 1 - name), c, is_known) || is_in;
        if (!is_known) return Match::kAbort;
        p = end;
        wanted = 0;
      }
    } else {
      is_in = is_in || c == wanted;
    }
    previous = wanted;
    wanted = pattern_at(++p);
  } while (wanted != ']');
  return is_in == negated || (path_mode_ && c == '/') ? Match::kNo : Match::kYes;
}

}  // namespace

bool wildmatch(std::string_view pattern, std::string_view text, bool path_mode) {
  return Matcher(pattern, text, path_mode).match(0, 0) == Match::kYes;
}

}  // namespace stoker::snapshots
