#include "cli/output/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> kPlainBlocks = {"_", ".", "-", "-", "=", "=", "#", "#"};

/// The means of `count` equal parts; NaN where a part holds no number.
std::vector<double> averaged(std::span<const double> values, std::size_t count) {
  std::vector<double> means;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = i * values.size() / count;
    const auto end = std::max(begin + 1, (i + 1) * values.size() / count);
    double sum = 0;
    std::size_t used = 0;
    for (auto at = begin; at < end; ++at) {
      if (!std::isfinite(values[at])) continue;
      sum += values[at];
      ++used;
    }
    means.push_back(used > 0 ? sum / static_cast<double>(used) : NAN);
  }
  return means;
}

struct Bounds {
  double low = INFINITY, high = -INFINITY;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
  /// 0 to 1; the middle when all are equal.
  double part(double value) const {
    // Halves, so that the distance of the two ends of double's range does not overflow.
    return high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5;
  }
};

/// A grid of dots drawn into letters: braille, or one dot a letter.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows, bool has_unicode)
      : columns_(columns), rows_(rows), has_unicode_(has_unicode), cells_(columns * rows, 0) {}
  std::size_t wide() const { return columns_ * (has_unicode_ ? 2 : 1); }
  std::size_t high() const { return rows_ * (has_unicode_ ? 4 : 1); }

  void dot(std::size_t x, std::size_t y) {
    constexpr std::array<std::array<unsigned, 2>, 4> kBits = {{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
    if (x >= wide() || y >= high()) return;
    if (has_unicode_) cells_[(y / 4) * columns_ + x / 2] |= kBits[y % 4][x % 2];
    else cells_[y * columns_ + x] = 1;
  }

  void line(double x0, double y0, double x1, double y1) {
    const auto steps = static_cast<std::size_t>(std::ceil(std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1.0})));
    for (std::size_t i = 0; i <= steps; ++i) {
      const double t = static_cast<double>(i) / static_cast<double>(steps);
      dot(static_cast<std::size_t>(std::lround(x0 + (x1 - x0) * t)), static_cast<std::size_t>(std::lround(y0 + (y1 - y0) * t)));
    }
  }

  std::string row(std::size_t index) const {
    std::string text;
    for (std::size_t column = 0; column < columns_; ++column) {
      const unsigned bits = cells_[index * columns_ + column];
      if (!has_unicode_) text += bits != 0 ? '*' : ' ';
      else if (bits == 0) text += ' ';
      else text += {static_cast<char>(0xe2), static_cast<char>(0xa0 | (bits >> 6)), static_cast<char>(0x80 | (bits & 0x3f))};
    }
    return text;
  }

 private:
  std::size_t columns_, rows_;
  bool has_unicode_;
  std::vector<unsigned> cells_;
};

void draw(Canvas& canvas, std::span<const ChartPoint> points, const Bounds& xs, const Bounds& ys) {
  std::optional<std::pair<double, double>> last;
  for (const auto& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) {
      last.reset();
      continue;
    }
    const double x = xs.part(point.x) * static_cast<double>(canvas.wide() - 1);
    const double y = (1 - ys.part(point.y)) * static_cast<double>(canvas.high() - 1);
    if (last) canvas.line(last->first, last->second, x, y);
    else canvas.dot(static_cast<std::size_t>(std::lround(x)), static_cast<std::size_t>(std::lround(y)));
    last = {x, y};
  }
}

}  // namespace

std::string sparkline(std::span<const double> values, std::size_t width, bool has_unicode) {
  if (values.empty() || width == 0) return "";
  const auto means = averaged(values, std::min(width, values.size()));
  Bounds bounds;
  for (const double mean : means) bounds.add(mean);
  const auto& blocks = has_unicode ? kBlocks : kPlainBlocks;
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) line += ' ';
    else line += blocks[std::min<std::size_t>(7, static_cast<std::size_t>(bounds.part(mean) * 8))];
  }
  return line;
}

std::vector<std::string> chart(std::span<const ChartPoint> points, ChartSize size, bool has_unicode) {
  Bounds xs, ys;
  std::size_t usable = 0;
  for (const auto& point : points) {
    if (!std::isfinite(point.x) || !std::isfinite(point.y)) continue;
    xs.add(point.x);
    ys.add(point.y);
    ++usable;
  }
  if (usable < 2) return {};
  const auto top = client::format_number(ys.high), bottom = client::format_number(ys.low);
  const auto label = std::max(top.size(), bottom.size());
  const std::size_t columns = std::max<std::size_t>(8, size.width > label + 3 ? size.width - label - 3 : 8);
  Canvas canvas(columns, std::max<std::size_t>(2, size.height), has_unicode);
  draw(canvas, points, xs, ys);
  std::vector<std::string> lines;
  const auto rows = std::max<std::size_t>(2, size.height);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto text = row == 0 ? top : row + 1 == rows ? bottom : std::string();
    const auto bar = has_unicode ? (text.empty() ? "│" : "┤") : "|";
    auto line = fmt::format("{} {}{}", padded(text, label, true), bar, canvas.row(row));
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
  }
  const auto first = client::format_number(xs.low), last = client::format_number(xs.high);
  std::string axis(has_unicode ? "└" : "+");
  for (std::size_t i = 0; i < columns; ++i) axis += has_unicode ? "─" : "-";
  lines.push_back(std::string(label + 1, ' ') + axis);
  lines.push_back(std::string(label + 2, ' ') + first + padded(last, columns > first.size() ? columns - first.size() : 0, true));
  return lines;
}

}  // namespace stoker::cli
