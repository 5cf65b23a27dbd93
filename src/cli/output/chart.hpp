#pragma once
// Small charts of letters. Pure. NaN and infinities leave a gap.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/output/terminal.hpp"

namespace stoker::cli {

/// One line of blocks, ▁ the least and █ the greatest value; at most `width` columns, neighbours averaged when there are more values.
std::string sparkline(std::span<const double> values, std::size_t width, bool has_unicode = true);

struct ChartPoint {
  double x = 0;
  double y = 0;
};
struct ChartSize {
  std::size_t width = 60;  // of the whole, labels included
  std::size_t height = 8;  // lines of the field, without the axis
};
/// A line of dots (2 x 4 in a letter) with the least and greatest y on the left and the first and last x below. Points in the order of
/// x; empty when fewer than two can be drawn. Lines without newlines.
std::vector<std::string> chart(std::span<const ChartPoint> points, ChartSize size, bool has_unicode = true);

}  // namespace stoker::cli
