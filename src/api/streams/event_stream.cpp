#include "api/streams/event_stream.hpp"

#include <charconv>

#include <fmt/format.h>

namespace stoker::api {
namespace {

template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc() || end == text.data() || out < Number{0}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

/// How many bytes a character with this first byte has; 1 for bytes that begin none.
std::size_t wanted(unsigned char first) {
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 1;
}

}  // namespace

std::string to_text(const FollowPosition& position) {
  return fmt::format("{}.{}.{}", position.log_offset, position.event_seq, position.metric_count);
}

std::optional<FollowPosition> parse_position(std::string_view text) {
  FollowPosition position;
  auto rest = text;
  const bool read = take_number(rest, position.log_offset) && take_dot(rest) && take_number(rest, position.event_seq) && take_dot(rest) &&
                    take_number(rest, position.metric_count);
  if (!read || to_text(position) != text) return std::nullopt;
  return position;
}

void append_event(std::string& out, std::string_view name, const FollowPosition& position, std::string_view data) {
  fmt::format_to(std::back_inserter(out), "event: {}\nid: {}.{}.{}\ndata: ", name, position.log_offset, position.event_seq, position.metric_count);
  out.append(data);
  out.append("\n\n");
}

std::size_t showable(std::string_view bytes, bool is_last) {
  if (is_last) return bytes.size();
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return wanted(byte) > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

}  // namespace stoker::api
