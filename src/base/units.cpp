#include "base/units.hpp"

#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace stoker {

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return value < 10 ? fmt::format("{:.1f} {}", value, kUnits[unit]) : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(parsed.ptr, static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  for (auto& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool binary = unit.size() >= 2 && unit[1] == 'i';
  const auto power = unit.empty() ? 0U : std::string_view("bkmgt").find(unit[0]);
  const bool known = unit.empty() || unit == "b" ||
                     (power != std::string_view::npos && power > 0 && (unit.size() == 1 || unit.substr(1) == "b" || unit.substr(1) == "ib"));
  double factor = 1;
  for (std::size_t i = 0; known && i < power; ++i) factor *= binary ? 1024 : 1000;
  if (parsed.ec != std::errc{} || !known || !(value >= 0) || value * factor > 9e18) {
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a size", text)).hint("write it like 500MB or 2GiB");
  }
  return static_cast<std::uint64_t>(value * factor);
}

}  // namespace stoker
