#include "cli/output/unified_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kAround = 3;
// The memory of the search grows with the square of it: 4,000 changed lines take 64 MB for a moment.
constexpr int kMostChanges = 4000;
constexpr std::size_t kLookedAt = 8000;

using Lines = std::vector<std::string_view>;

/// Each with its newline, if it has one.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

/// Lines as numbers, so that comparing two is comparing two integers.
std::vector<std::uint32_t> numbered(const Lines& lines, std::unordered_map<std::string_view, std::uint32_t>& known) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(lines.size());
  for (const auto line : lines) numbers.push_back(known.try_emplace(line, static_cast<std::uint32_t>(known.size())).first->second);
  return numbers;
}

struct Kept {
  std::vector<bool> a, b;  // which lines stay
};

/// The part between the common beginning and the common end.
struct Middle {
  std::span<const std::uint32_t> a, b;
};

/// How far one gets on each diagonal with 0, 1, 2 … changes; nullopt when there are too many.
std::optional<std::vector<std::vector<int>>> search(const Middle& middle) {
  const int n = static_cast<int>(middle.a.size()), m = static_cast<int>(middle.b.size());
  std::vector<std::vector<int>> rows;  // rows[d][k + d]: x on diagonal k after d changes
  for (int d = 0; d <= std::min(n + m, kMostChanges); ++d) {
    auto& row = rows.emplace_back(2 * d + 1);
    for (int k = -d; k <= d; k += 2) {
      int x = 0;
      if (d > 0) {
        const auto& last = rows[d - 1];
        const auto at = [&](int diagonal) { return last[diagonal + d - 1]; };
        const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
        x = down ? at(k + 1) : at(k - 1) + 1;
      }
      while (x < n && x - k < m && x - k >= 0 && middle.a[x] == middle.b[x - k]) ++x;
      row[k + d] = x;
      if (x >= n && x - k >= m) return rows;
    }
  }
  return std::nullopt;
}

/// Back from the end along the way that was found, noting what stays.
void walk_back(const Middle& middle, const std::vector<std::vector<int>>& rows, std::size_t offset, Kept& kept) {
  int x = static_cast<int>(middle.a.size()), y = static_cast<int>(middle.b.size());
  for (int d = static_cast<int>(rows.size()) - 1; d >= 0; --d) {
    const int k = x - y;
    int from_x = 0, from_y = 0;
    if (d > 0) {
      const auto& last = rows[d - 1];
      const auto at = [&](int diagonal) { return last[diagonal + d - 1]; };
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      from_x = down ? at(k + 1) : at(k - 1);
      from_y = from_x - (down ? k + 1 : k - 1);
    }
    const int begin = d == 0 ? 0 : std::max(from_x, from_y + k);  // behind the one change
    for (; x > begin && y > 0; --x, --y) kept.a[offset + x - 1] = kept.b[offset + y - 1] = true;
    x = from_x;
    y = from_y;
  }
}

Kept compare(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  Kept kept{std::vector<bool>(a.size()), std::vector<bool>(b.size())};
  std::size_t front = 0, back = 0;
  const auto least = std::min(a.size(), b.size());
  while (front < least && a[front] == b[front]) ++front;
  while (back < least - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  for (std::size_t i = 0; i < front; ++i) kept.a[i] = kept.b[i] = true;
  for (std::size_t i = 1; i <= back; ++i) kept.a[a.size() - i] = kept.b[b.size() - i] = true;
  const Middle middle{std::span(a).subspan(front, a.size() - front - back), std::span(b).subspan(front, b.size() - front - back)};
  if (const auto rows = search(middle)) walk_back(middle, *rows, front, kept);
  return kept;
}

void add_line(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// `12,3` as a hunk's head has it; an empty part is named by the line before it.
std::string range_of(std::size_t begin, std::size_t count) {
  if (count == 1) return std::to_string(begin + 1);
  return fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
}

/// A place in both texts, before the same number of lines that stay.
struct At {
  std::size_t a = 0, b = 0;
};

struct Texts {
  const Lines& a;
  const Lines& b;
  const Kept& kept;
  bool stays(const At& at) const { return at.a < a.size() && at.b < b.size() && kept.a[at.a] && kept.b[at.b]; }
  bool is_end(const At& at) const { return at.a >= a.size() && at.b >= b.size(); }
};

/// From the lines before a change to those after the last change that is near enough.
void add_hunk(const Texts& texts, At& at, std::string& out) {
  const auto before = std::min({kAround, at.a, at.b});
  const At begin{at.a - before, at.b - before};
  std::string body;
  for (std::size_t i = 0; i < before; ++i) add_line(body, ' ', texts.a[begin.a + i]);
  At end = at;
  while (!texts.is_end(at)) {
    while (at.a < texts.a.size() && !texts.kept.a[at.a]) add_line(body, '-', texts.a[at.a++]);
    while (at.b < texts.b.size() && !texts.kept.b[at.b]) add_line(body, '+', texts.b[at.b++]);
    At ahead = at;
    while (texts.stays(ahead)) ++ahead.a, ++ahead.b;
    const auto same = ahead.a - at.a;
    const bool is_last = texts.is_end(ahead) || same > 2 * kAround;
    const auto shown = is_last ? std::min(same, kAround) : same;
    for (std::size_t i = 0; i < shown; ++i) add_line(body, ' ', texts.a[at.a + i]);
    end = {at.a + shown, at.b + shown};
    at = ahead;
    if (is_last) break;
  }
  out += fmt::format("@@ -{} +{} @@\n{}", range_of(begin.a, end.a - begin.a), range_of(begin.b, end.b - begin.b), body);
}

}  // namespace

std::string unified_diff(std::string_view a, std::string_view b) {
  const auto lines_a = lines_of(a), lines_b = lines_of(b);
  std::unordered_map<std::string_view, std::uint32_t> known;
  const auto numbers_a = numbered(lines_a, known), numbers_b = numbered(lines_b, known);
  const auto kept = compare(numbers_a, numbers_b);
  const Texts texts{lines_a, lines_b, kept};
  std::string out;
  for (At at; !texts.is_end(at);) {
    if (texts.stays(at)) ++at.a, ++at.b;
    else add_hunk(texts, at, out);
  }
  return out;
}

bool is_binary(std::string_view bytes) { return bytes.substr(0, kLookedAt).find('\0') != std::string_view::npos || !is_valid_utf8(bytes); }

}  // namespace stoker::cli
