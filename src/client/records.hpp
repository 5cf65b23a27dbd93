#pragma once
// Looks into the records of the API (client.hpp passes them on as they came). Absent and null fields read as empty, so that a record
// of an older or newer server can be shown.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "domain/run.hpp"

namespace stoker::client {

std::string text_of(const json::object& record, std::string_view field);
std::int64_t integer_of(const json::object& record, std::string_view field);
bool is_set(const json::object& record, std::string_view field);  // there and not null, not false
std::optional<Time> time_of(const json::object& record, std::string_view field);
/// Empty where it is not one.
const json::object& object_of(const json::object& record, std::string_view field);
const json::array& array_of(const json::object& record, std::string_view field);
/// Texts as they are, everything else as JSON; null is empty.
std::string shown(const json::value& value);

RunId run_id(const json::object& run);
/// kNotResponding for a state that this build does not know.
RunState run_state(const json::object& run);
inline bool is_over(const json::object& run) { return is_terminal(run_state(run)); }
/// The words after "the run …": "completed", "failed: exited with code 1", "was canceled by ada@box".
std::string ending(const json::object& run);
/// From the program's begin to its end, or to `now` while it runs; nullopt before it began.
std::optional<Duration> run_time(const json::object& run, Time now);

struct PhaseTime {
  std::string name;
  Duration length;
  bool is_over;
};
std::vector<PhaseTime> phase_times(const json::object& run, Time now);
/// "snapshot 0.02 s, environment 0.00 s, run 3.4 s"
std::string phases_line(const json::object& run, Time now);

/// The error that a followed run's end is for an exit code: ok when it completed, kRunFailed, kRunCanceled or kRunLost.
Status run_outcome(const json::object& run);

/// One value of a metric: numbers, and the texts "NaN", "Infinity", "-Infinity" that stand for numbers.
std::optional<double> number_of(const json::value& value);
/// `0.4231`, `12`, `1.2e-09`, `NaN`: short for people, six significant digits.
std::string format_number(double value);

}  // namespace stoker::client
