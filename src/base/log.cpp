#include "base/log.hpp"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/clock.hpp"

namespace stoker::log {
namespace {

Level threshold() {
  static const Level level = [] {
    const char* text = std::getenv("STOKER_LOG");
    const std::string_view name = text == nullptr ? "info" : text;
    return name == "debug" ? Level::kDebug : name == "warning" ? Level::kWarning : name == "error" ? Level::kError : Level::kInfo;
  }();
  return level;
}

// A value with a blank, a quote or a control character is quoted, so that a line stays a line.
std::string quoted(std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=';
  if (plain) return std::string(value);
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\n') text += "\\n";
    else if (c == '"' || c == '\\') text += {'\\', c};
    else text += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  }
  return text + '"';
}

}  // namespace

void write(Level level, std::string_view folder, std::string_view message, Fields fields) {
  if (level < threshold()) return;
  constexpr std::array kNames = {"debug", "info", "warning", "error"};
  std::string line = fmt::format("{} {} {}: {}", format_time(SystemClock().now()), kNames[static_cast<std::size_t>(level)], folder, message);
  for (const auto& field : fields) line += fmt::format(" {}={}", field.key, quoted(field.value));
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());  // one write per line: lines never mix
}

}  // namespace stoker::log
