#pragma once
// Tables for people: aligned, as wide as they must be, cut to the terminal's width. In a pipe nothing is cut. Pure.

#include <string>
#include <vector>

#include "cli/output/terminal.hpp"

namespace stoker::cli {

struct Column {
  std::string title;
  bool is_right = false;    // numbers
  bool can_shrink = false;  // gives way when the terminal is narrow
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns; what holds control characters is made harmless.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  /// With a line of titles; lines end in newlines, and have no spaces at their ends.
  std::string render(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> widths(const Terminal& terminal) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `key  value` lines, keys aligned, indented by two; pairs with an empty value are left out.
std::string key_values(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace stoker::cli
