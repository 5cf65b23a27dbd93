#pragma once
// The program's own log: one line per event, `time level folder: message key=value …`, to stderr. Never a secret.
//   log::info("runs", "run started", {{"run", id.text()}, {"attempt", 2}});

#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace stoker::log {

enum class Level { kDebug, kInfo, kWarning, kError };

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view key, std::string value) : key(key), value(std::move(value)) {}
  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  Field(std::string_view key, const char* value) : key(key), value(value) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  Field(std::string_view key, Number value) : key(key), value(fmt::format("{}", value)) {}
};
using Fields = std::initializer_list<Field>;

/// Debug only where STOKER_LOG=debug is set.
void write(Level level, std::string_view folder, std::string_view message, Fields fields);

inline void debug(std::string_view folder, std::string_view message, Fields fields = {}) { write(Level::kDebug, folder, message, fields); }
inline void info(std::string_view folder, std::string_view message, Fields fields = {}) { write(Level::kInfo, folder, message, fields); }
inline void warning(std::string_view folder, std::string_view message, Fields fields = {}) { write(Level::kWarning, folder, message, fields); }
inline void error(std::string_view folder, std::string_view message, Fields fields = {}) { write(Level::kError, folder, message, fields); }

}  // namespace stoker::log
