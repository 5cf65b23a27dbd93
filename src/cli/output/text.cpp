#include "cli/output/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::cli {
namespace {

struct Letter {
  char32_t code;
  std::size_t bytes;
};

/// Of valid UTF-8.
Letter first_letter(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {byte, 1};
  char32_t code = byte & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {code, bytes};
}

using Range = std::pair<char32_t, char32_t>;
constexpr std::array<Range, 7> kNone = {Range{0x300, 0x36f}, {0x483, 0x489},   {0x591, 0x5bd},  {0x200b, 0x200f},
                                        {0x20d0, 0x20ff},    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
constexpr std::array<Range, 11> kWide = {Range{0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},      {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
                                         {0x1f300, 0x1f64f},    {0x1f680, 0x1faff}, {0x20000, 0x3fffd}};

std::size_t letter_width(char32_t code) {
  const auto holds = [code](const Range& range) { return code >= range.first && code <= range.second; };
  if (code < 0x20 || std::ranges::any_of(kNone, holds)) return 0;
  return std::ranges::any_of(kWide, holds) ? 2 : 1;
}

/// Length of `ESC [ numbers m` at the beginning; 0 when it is something else.
std::size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' && end < 40 ? end + 1 : 0;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::string caret(char32_t code) {
  if (code < 0x20) return fmt::format("^{}", static_cast<char>(code + 0x40));
  return code == 0x7f ? "^?" : fmt::format("<{:02X}>", static_cast<std::uint32_t>(code));
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    if (const auto colour = colour_sequence(text); colour > 0) {
      text.remove_prefix(colour);
      continue;
    }
    const auto letter = first_letter(text);
    width += letter_width(letter.code);
    text.remove_prefix(letter.bytes);
  }
  return width;
}

std::string fit(std::string_view text, std::size_t width, bool has_unicode) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string kept;
  bool has_colour = false;
  for (std::size_t used = 0; !text.empty();) {
    const auto colour = colour_sequence(text);
    const auto letter = first_letter(text);
    const auto taken = colour > 0 ? colour : letter.bytes;
    if (colour == 0) used += letter_width(letter.code);
    if (used > width - 1) break;
    has_colour = has_colour || colour > 0;
    kept += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return kept + (has_unicode ? "…" : ".") + (has_colour ? "\x1b[0m" : "");
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const auto used = display_width(text);
  const std::string space(used < width ? width - used : 0, ' ');
  return right ? space + std::string(text) : std::string(text) + space;
}

std::string harmless(std::string_view line, bool keep_colour) {
  const auto valid = to_valid_utf8(line);
  std::string_view text = valid;
  std::string shown;
  shown.reserve(text.size());
  bool has_colour = false;
  while (!text.empty()) {
    if (const auto colour = colour_sequence(text); colour > 0) {
      if (keep_colour) shown += text.substr(0, colour);
      has_colour = has_colour || keep_colour;
      text.remove_prefix(colour);
      continue;
    }
    const auto letter = first_letter(text);
    if (letter.code != '\t' && is_control(letter.code)) shown += caret(letter.code);
    else shown += text.substr(0, letter.bytes);
    text.remove_prefix(letter.bytes);
  }
  if (has_colour) shown += "\x1b[0m";
  return shown;
}

std::string_view last_rewrite(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const auto begin = line.rfind('\r');
  return begin == std::string_view::npos ? line : line.substr(begin + 1);
}

std::vector<std::string> LineSplitter::take(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto room = limit_ - std::min(limit_, rest_.size());
    const auto piece = bytes.substr(0, std::min(end, room));
    rest_ += piece;
    bytes.remove_prefix(piece.size());
    const bool is_ended = bytes.starts_with('\n');
    if (!is_ended && rest_.size() < limit_) break;
    if (is_ended) bytes.remove_prefix(1);
    lines.push_back(std::exchange(rest_, {}));
  }
  return lines;
}

std::string LineSplitter::take_rest() { return std::exchange(rest_, {}); }

}  // namespace stoker::cli
