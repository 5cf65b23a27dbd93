#include "cli/output/metrics_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kSparkWidth = 24;
constexpr std::size_t kShownRows = 20;

std::vector<std::string> texts_of(const json::array& list) {
  std::vector<std::string> texts;
  for (const auto& item : list) texts.push_back(client::shown(item));
  return texts;
}

void add_point(MetricView& view, const json::object& point) {
  const auto& values = client::array_of(point, "values");
  view.rows.emplace_back(values.begin(), values.end());
  if (view.kind != "scalar" && view.kind != "list") return;
  for (const auto& value : values) {
    const auto number = client::number_of(value);
    if (!number) continue;
    const bool has_step = view.kind == "scalar" && client::is_set(point, "step");
    view.series.push_back({has_step ? static_cast<double>(client::integer_of(point, "step")) : static_cast<double>(view.series.size()), *number});
  }
}

std::string shown_value(const json::value& value) {
  const auto number = client::number_of(value);
  return number ? client::format_number(*number) : client::shown(value);
}

MetricView read_metric(const json::object& record) {
  MetricView view{
      .name = client::text_of(record, "name"), .kind = client::text_of(record, "kind"), .columns = texts_of(client::array_of(record, "columns"))};
  for (const auto& point : client::array_of(record, "points")) {
    if (point.is_object()) add_point(view, point.get_object());
  }
  view.count = std::max<std::uint64_t>(static_cast<std::uint64_t>(client::integer_of(record, "count")), view.rows.size());
  if (!view.rows.empty() && !view.rows.back().empty()) view.last = view.columns.empty() ? shown_value(view.rows.back().back()) : "";
  return view;
}

std::vector<double> numbers(const MetricView& metric) {
  std::vector<double> list;
  for (const auto& point : metric.series) list.push_back(point.y);
  return list;
}

std::string least(const MetricView& metric, bool greatest) {
  std::vector<double> list = numbers(metric);
  std::erase_if(list, [](double value) { return !std::isfinite(value); });
  if (list.empty()) return "";
  return client::format_number(greatest ? std::ranges::max(list) : std::ranges::min(list));
}

std::string rows_table(const MetricView& metric, const Terminal& terminal) {
  std::vector<Column> columns;
  for (const auto& name : metric.columns) columns.push_back({name, true, true});
  Table table(std::move(columns));
  const auto begin = metric.rows.size() > kShownRows ? metric.rows.size() - kShownRows : 0;
  for (auto row = begin; row < metric.rows.size(); ++row) {
    std::vector<std::string> cells;
    for (const auto& value : metric.rows[row]) cells.push_back(shown_value(value));
    table.add(std::move(cells));
  }
  return table.render(terminal) + (begin > 0 ? fmt::format("({} rows before these)\n", begin) : "");
}

}  // namespace

std::vector<MetricView> read_metrics(const json::object& record) {
  std::vector<MetricView> list;
  for (const auto& metric : client::array_of(record, "metrics")) {
    if (metric.is_object()) list.push_back(read_metric(metric.get_object()));
  }
  return list;
}

std::string metrics_table(const std::vector<MetricView>& metrics, const Terminal& terminal) {
  if (metrics.empty()) return "";
  Table table({{"METRIC", false, true}, {"LAST", true, true}, {"MIN", true}, {"MAX", true}, {"POINTS", true}, {"SHAPE"}});
  for (const auto& metric : metrics) {
    const auto list = numbers(metric);
    const auto shape = list.size() > 1 ? sparkline(list, kSparkWidth, terminal.has_unicode) : metric.columns.empty() ? "" : metric.kind;
    table.add({metric.name, metric.last, least(metric, false), least(metric, true), std::to_string(metric.count), shape});
  }
  return table.render(terminal);
}

std::string metric_details(const std::vector<MetricView>& metrics, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(terminal.width > 0 ? std::clamp(terminal.width, 30, 100) : 80);
  std::string text;
  for (const auto& metric : metrics) {
    const auto title = Output::paint(harmless(metric.name, false), terminal.has_colour ? Style::kBold : Style::kPlain);
    if (!metric.columns.empty()) {
      text += fmt::format("\n{}\n{}", title, rows_table(metric, terminal));
      continue;
    }
    if (metric.series.size() < 3) continue;
    text += fmt::format("\n{}\n", title);
    for (const auto& line : chart(metric.series, {.width = width, .height = 8}, terminal.has_unicode)) text += line + "\n";
  }
  return text;
}

}  // namespace stoker::cli
