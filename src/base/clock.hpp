#pragma once
// Time is an argument: code that decides takes `now` or a Clock. UTC, microseconds, RFC 3339 with six digits and Z.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker {

using Duration = std::chrono::microseconds;
/// Microseconds since 1970-01-01T00:00:00Z.
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  /// Never goes back and does not follow the wall clock: for time limits and durations.
  virtual Duration monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  Duration monotonic() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{Duration{1'700'000'000'000'000}}) : now_(start) {}
  Time now() const override { return now_; }
  Duration monotonic() const override { return monotonic_; }
  void advance(Duration by) {
    now_ += by;
    monotonic_ += by;
  }

 private:
  Time now_;
  Duration monotonic_{0};
};

inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
inline Time from_micros(std::int64_t micros) { return Time{Duration{micros}}; }

/// `2026-06-30T12:00:00.000000Z`
std::string format_time(Time time);
/// Accepts an offset (`+02:00`) or `Z`, zero to nine digits of a second.
Result<Time> parse_time(std::string_view text);
/// `0.02 s`, `3.4 s`, `12 min 5 s`, `3 h 2 min`
std::string format_duration(Duration duration);
/// `90`, `90s`, `15m`, `2h`, `1d`
Result<Duration> parse_duration(std::string_view text);

}  // namespace stoker
