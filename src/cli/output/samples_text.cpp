#include "cli/output/samples_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/units.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kShapeWidth = 20;
constexpr std::size_t kLeastForChart = 3;
constexpr double kMebibyte = 1024.0 * 1024.0;

std::string in_units(const std::string& name, double value) {
  if (name.ends_with("_bytes")) return format_bytes(static_cast<std::uint64_t>(std::max(0.0, value)));
  if (name.ends_with("_percent")) return fmt::format("{:.0f} %", value);
  if (name.ends_with("_seconds")) return fmt::format("{:.1f} s", value);
  return client::format_number(value);
}

/// `gpu_0_memory_bytes` → "gpu 0 memory"
std::string title_of(std::string name) {
  for (const auto* unit : {"_bytes", "_percent", "_seconds"})
    if (name.ends_with(unit) && name != "cpu_percent" && name != "cpu_seconds") name.resize(name.size() - std::string_view(unit).size());
  if (name == "cpu_percent") name = "cpu";
  if (name == "cpu_seconds") name = "cpu time";
  std::ranges::replace(name, '_', ' ');
  return name;
}

bool is_charted(const std::string& name) { return name == "cpu_percent" || name == "memory_bytes" || name.starts_with("gpu_"); }

}  // namespace

std::vector<SampleSeries> read_samples(const json::object& record) {
  std::vector<SampleSeries> list;
  std::optional<Time> first;
  for (const auto& item : client::array_of(record, "samples")) {
    const auto* sample = item.if_object();
    const auto time = sample != nullptr ? client::time_of(*sample, "time") : std::nullopt;
    if (!time) continue;
    if (!first) first = time;
    const auto seconds = std::chrono::duration<double>(*time - *first).count();
    for (const auto& [name, value] : client::object_of(*sample, "values")) {
      boost::system::error_code no_number;
      const auto number = value.to_number<double>(no_number);
      if (no_number) continue;
      auto at = std::ranges::find(list, std::string_view(name), &SampleSeries::name);
      if (at == list.end()) at = list.insert(list.end(), {std::string(name), {}});
      at->points.push_back({seconds, number});
    }
  }
  return list;
}

std::string samples_table(const std::vector<SampleSeries>& series, const Terminal& terminal) {
  if (series.empty()) return "";
  Table table({{"VALUE", false, true}, {"LAST", true}, {"MEAN", true}, {"MOST", true}, {"SHAPE"}});
  for (const auto& one : series) {
    std::vector<double> values;
    double sum = 0;
    for (const auto& point : one.points) {
      values.push_back(point.y);
      sum += point.y;
    }
    const auto mean = sum / static_cast<double>(values.size());
    table.add({title_of(one.name), in_units(one.name, values.back()), in_units(one.name, mean), in_units(one.name, std::ranges::max(values)),
               values.size() > 1 ? sparkline(values, kShapeWidth, terminal.has_unicode) : ""});
  }
  return table.render(terminal);
}

std::string samples_charts(const std::vector<SampleSeries>& series, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(terminal.width > 0 ? std::clamp(terminal.width, 30, 100) : 80);
  std::string text;
  for (const auto& one : series) {
    if (!is_charted(one.name) || one.points.size() < kLeastForChart) continue;
    auto points = one.points;
    const bool is_bytes = one.name.ends_with("_bytes");
    if (is_bytes)
      for (auto& point : points) point.y = std::round(point.y / kMebibyte);
    const auto title = fmt::format("{}, {} over seconds", title_of(one.name), is_bytes ? "MiB" : "%");
    text += fmt::format("\n{}\n", Output::paint(title, terminal.has_colour ? Style::kBold : Style::kPlain));
    for (const auto& line : chart(points, {.width = width, .height = 6}, terminal.has_unicode)) text += line + "\n";
  }
  return text;
}

}  // namespace stoker::cli
