#include "search/like.hpp"

#include <cstdint>

namespace stoker::search {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 1;
};

/// A byte that begins nothing valid stands for itself.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint32_t first = byte(0);
  if (first >= 0xF0 && follows(1) && follows(2) && follows(3))
    return {(first & 7U) << 18 | (byte(1) & 63U) << 12 | (byte(2) & 63U) << 6 | (byte(3) & 63U), 4};
  if (first >= 0xE0 && first < 0xF0 && follows(1) && follows(2)) return {(first & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U), 3};
  if (first >= 0xC0 && first < 0xE0 && follows(1)) return {(first & 31U) << 6 | (byte(1) & 63U), 2};
  return {first, 1};
}

std::uint32_t lower(std::uint32_t code) {
  if (code >= 'A' && code <= 'Z') return code + 32;
  if (code < 0x80) return code;
  if (code >= 0xC0 && code <= 0xDE && code != 0xD7) return code + 32;
  if (code >= 0x100 && code <= 0x137) return code | 1U;
  if (code >= 0x391 && code <= 0x3A9) return code + 32;
  if (code >= 0x410 && code <= 0x42F) return code + 32;
  if (code >= 0x400 && code <= 0x40F) return code + 80;
  return code;
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern, bool ignore_case) {
  std::size_t at = 0, in = 0;
  std::size_t star = std::string_view::npos, retry = 0;  // behind the last %, and where it was tried
  while (at < text.size()) {
    const auto here = character_at(text, at);
    if (in < pattern.size() && pattern[in] == '%') {
      star = ++in;
      retry = at;
      continue;
    }
    if (in < pattern.size()) {
      const auto wanted = character_at(pattern, in);
      const bool same = wanted.code == '_' || wanted.code == here.code || (ignore_case && lower(wanted.code) == lower(here.code));
      if (same) {
        at += here.size;
        in += wanted.size;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    in = star;
    retry += character_at(text, retry).size;
    at = retry;
  }
  while (in < pattern.size() && pattern[in] == '%') ++in;
  return in == pattern.size();
}

}  // namespace stoker::search
