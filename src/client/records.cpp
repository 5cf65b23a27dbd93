#include "client/records.hpp"

#include <cmath>

#include <fmt/format.h>

namespace stoker::client {
namespace {

const json::value* find(const json::object& record, std::string_view field) {
  const auto* value = record.if_contains(field);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string end_message(const json::object& run) {
  const auto message = text_of(object_of(run, "end"), "message");
  return message.empty() ? "" : ": " + message;
}

}  // namespace

std::string text_of(const json::object& record, std::string_view field) {
  const auto* value = find(record, field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t integer_of(const json::object& record, std::string_view field) {
  const auto* value = find(record, field);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
  return value->is_double() ? static_cast<std::int64_t>(value->get_double()) : 0;
}

bool is_set(const json::object& record, std::string_view field) {
  const auto* value = find(record, field);
  return value != nullptr && !(value->is_bool() && !value->get_bool());
}

std::optional<Time> time_of(const json::object& record, std::string_view field) {
  const auto text = text_of(record, field);
  if (text.empty()) return std::nullopt;
  const auto time = parse_time(text);
  return time ? std::optional(*time) : std::nullopt;
}

const json::object& object_of(const json::object& record, std::string_view field) {
  static const json::object kEmpty;
  const auto* value = find(record, field);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

const json::array& array_of(const json::object& record, std::string_view field) {
  static const json::array kEmpty;
  const auto* value = find(record, field);
  return value != nullptr && value->is_array() ? value->get_array() : kEmpty;
}

std::string shown(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return format_number(value.get_double());
  return json::serialize(value);
}

RunId run_id(const json::object& run) { return RunId(text_of(run, "id")); }

RunState run_state(const json::object& run) { return run_state_from_text(text_of(run, "state")).value_or(RunState::kNotResponding); }

std::string ending(const json::object& run) {
  switch (run_state(run)) {
    case RunState::kCompleted: return "completed";
    case RunState::kFailed: return "failed" + end_message(run);
    case RunState::kCanceled: {
      const auto by = text_of(run, "cancel_by");
      return by.empty() ? "was canceled" + end_message(run) : "was canceled by " + by;
    }
    default: return "is " + text_of(run, "state");
  }
}

std::optional<Duration> run_time(const json::object& run, Time now) {
  const auto begin = time_of(run, "started_at");
  if (!begin) return std::nullopt;
  return std::max(Duration{0}, std::chrono::duration_cast<Duration>(time_of(run, "ended_at").value_or(now) - *begin));
}

std::vector<PhaseTime> phase_times(const json::object& run, Time now) {
  std::vector<PhaseTime> phases;
  for (const auto& item : array_of(run, "phases")) {
    if (!item.is_object()) continue;
    const auto begin = time_of(item.get_object(), "started_at");
    const auto end = time_of(item.get_object(), "ended_at");
    if (!begin) continue;
    phases.push_back({text_of(item.get_object(), "name"), std::max(Duration{0}, std::chrono::duration_cast<Duration>(end.value_or(now) - *begin)),
                      end.has_value()});
  }
  return phases;
}

std::string phases_line(const json::object& run, Time now) {
  std::string line;
  for (const auto& phase : phase_times(run, now)) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", phase.name, format_duration(phase.length));
  return line;
}

Status run_outcome(const json::object& run) {
  const auto state = run_state(run);
  if (state == RunState::kCompleted) return ok();
  if (state == RunState::kCanceled) return Error(ErrorCode::kRunCanceled, fmt::format("run {} {}", run_id(run).text(), ending(run)));
  const bool is_lost = text_of(object_of(run, "end"), "reason") == to_text(EndReason::kLost);
  Error error(is_lost ? ErrorCode::kRunLost : ErrorCode::kRunFailed, fmt::format("run {} {}", run_id(run).text(), ending(run)));
  const auto& told = object_of(run, "error");
  if (auto message = text_of(told, "message"); !message.empty()) error.because(std::move(message));
  if (auto hint = text_of(told, "hint"); !hint.empty()) error.hint(std::move(hint));
  return error;
}

std::optional<double> number_of(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  if (text == "NaN") return NAN;
  if (text == "Infinity") return INFINITY;
  if (text == "-Infinity") return -INFINITY;
  return std::nullopt;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{:.6g}", value);
}

}  // namespace stoker::client
