#pragma once
// Text on a terminal: how wide it is, cut to fit, and made harmless. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::cli {

/// Columns that a terminal gives to it: combining letters none, East Asian and emoji two, escape sequences of colours none.
std::size_t display_width(std::string_view text);
/// Cut to `width` columns, the last one being `…` (or `.`) when something was left out.
std::string fit(std::string_view text, std::size_t width, bool has_unicode = true);
std::string padded(std::string_view text, std::size_t width, bool right = false);

/// What a run wrote, for a terminal: no control character reaches it but tabs, and, where `keep_colour`, sequences that only set
/// colours (closed at the end). Others are shown as `^[` and the like; bytes that are not UTF-8 as U+FFFD. For one line without its end.
std::string harmless(std::string_view line, bool keep_colour);
/// A line that a progress bar rewrites with carriage returns, as it looks in the end.
std::string_view last_rewrite(std::string_view line);

/// Cuts what arrives in pieces into lines. A line that grows beyond `limit` is cut there.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t limit = 64 << 10) : limit_(limit) {}
  /// The lines that are complete now, without their ends.
  std::vector<std::string> take(std::string_view bytes);
  /// What has no end yet.
  const std::string& rest() const { return rest_; }
  std::string take_rest();

 private:
  std::size_t limit_;
  std::string rest_;
};

}  // namespace stoker::cli
