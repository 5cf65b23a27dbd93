#include "cli/output/table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/output/text.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;

void end_line(std::string& text) {
  while (text.ends_with(' ')) text.pop_back();
  text += '\n';
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (auto& cell : cells) {
    std::ranges::replace(cell, '\n', ' ');
    cell = harmless(cell, true);
  }
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(const Terminal& terminal) const {
  std::vector<std::size_t> list;
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    list.push_back(width);
    total += width + (i > 0 ? kGap : 0);
  }
  // The widest column that may shrink gives one column at a time.
  while (terminal.width > 0 && total > static_cast<std::size_t>(terminal.width)) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].can_shrink && list[i] > kNarrowest && (widest == columns_.size() || list[i] > list[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --list[widest];
    --total;
  }
  return list;
}

std::string Table::render(const Terminal& terminal) const {
  const auto wide = widths(terminal);
  std::string text;
  const auto add_line = [&](const auto& cell_of, Style style) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += std::string(kGap, ' ');
      line += padded(fit(cell_of(i), wide[i], terminal.has_unicode), wide[i], columns_[i].is_right);
    }
    end_line(line);
    if (style != Style::kPlain && terminal.has_colour) line = Output::paint(line.substr(0, line.size() - 1), style) + "\n";
    text += line;
  };
  add_line([&](std::size_t i) -> const std::string& { return columns_[i].title; }, Style::kBold);
  for (const auto& row : rows_) add_line([&](std::size_t i) -> const std::string& { return row[i]; }, Style::kPlain);
  return text;
}

std::string key_values(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t width = 0;
  for (const auto& [key, value] : pairs) {
    if (!value.empty()) width = std::max(width, display_width(key));
  }
  std::string text;
  for (const auto& [key, value] : pairs) {
    if (value.empty()) continue;
    auto line = fmt::format("  {}  {}", padded(key, width), value);
    end_line(line);
    text += line;
  }
  return text;
}

}  // namespace stoker::cli
