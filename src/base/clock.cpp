#include "base/clock.hpp"

#include <cctype>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

namespace stoker {
namespace {

Error bad_time(std::string_view text) {
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a time", text)).hint("write it like 2026-06-30T12:00:00Z");
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& value) {
  if (at + count > text.size()) return false;
  const auto* begin = text.data() + at;
  const auto parsed = std::from_chars(begin, begin + count, value);
  return parsed.ec == std::errc{} && parsed.ptr == begin + count && *begin != '-';
}

}  // namespace

Time SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

Duration SystemClock::monotonic() const { return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()); }

std::string format_time(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const auto rest = time - day;
  const auto h = duration_cast<hours>(rest);
  const auto m = duration_cast<minutes>(rest - h);
  const auto s = duration_cast<seconds>(rest - h - m);
  const auto us = rest - h - m - s;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), h.count(), m.count(), s.count(), us.count());
}

Result<Time> parse_time(std::string_view text) {
  using namespace std::chrono;
  int year_ = 0, month_ = 0, day_ = 0, hour = 0, minute = 0, second = 0;
  const bool shape =
      text.size() >= 20 && text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  if (!shape || !digits(text, 0, 4, year_) || !digits(text, 5, 2, month_) || !digits(text, 8, 2, day_) || !digits(text, 11, 2, hour) ||
      !digits(text, 14, 2, minute) || !digits(text, 17, 2, second)) {
    return bad_time(text);
  }
  const year_month_day date{year{year_}, month{static_cast<unsigned>(month_)}, day{static_cast<unsigned>(day_)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad_time(text);
  std::size_t at = 19;
  std::int64_t micros = 0;
  if (at < text.size() && text[at] == '.') {
    int count = 0;
    for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at, ++count) {
      if (count < 6) micros = micros * 10 + (text[at] - '0');
    }
    if (count == 0 || count > 9) return bad_time(text);
    for (; count < 6; ++count) micros *= 10;
  }
  int offset_minutes = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    int oh = 0, om = 0;
    if (text.size() != at + 6 || text[at + 3] != ':' || !digits(text, at + 1, 2, oh) || !digits(text, at + 4, 2, om)) return bad_time(text);
    offset_minutes = (text[at] == '+' ? 1 : -1) * (oh * 60 + om);
  } else if (at >= text.size() || text[at] != 'Z' || at + 1 != text.size()) {
    return bad_time(text);
  }
  const Time whole = sys_days{date} + hours{hour} + minutes{minute - offset_minutes} + seconds{second};
  return whole + Duration{micros};
}

std::string format_duration(Duration duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e6;
  if (seconds < 1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = duration.count() / 1'000'000;
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Result<Duration> parse_duration(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  const double factor = unit.empty() || unit == "s"    ? 1
                        : unit == "ms"                 ? 1e-3
                        : unit == "m" || unit == "min" ? 60
                        : unit == "h"                  ? 3600
                        : unit == "d"                  ? 86400
                                                       : 0;
  if (parsed.ec != std::errc{} || factor == 0 || !(value >= 0) || value * factor > 1e11) {
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a duration", text)).hint("write it like 90s, 15m, 2h or 1d");
  }
  return Duration{static_cast<std::int64_t>(value * factor * 1e6)};
}

}  // namespace stoker
