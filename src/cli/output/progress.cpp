#include "cli/output/progress.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/output/text.hpp"

namespace stoker::cli {
namespace {

std::string bar(double part, std::size_t width, bool has_unicode) {
  const auto full = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * static_cast<double>(width));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < full ? (has_unicode ? "━" : "=") : (has_unicode ? "─" : "-");
  return text;
}

}  // namespace

std::string progress_text(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& amount, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(terminal.width > 0 ? terminal.width : 80);
  if (total == 0) return fit(fmt::format("{}  {}", label, amount), width, terminal.has_unicode);
  const double part = static_cast<double>(done) / static_cast<double>(total);
  return fit(fmt::format("{}  {}  {}, {}%", label, bar(part, 24, terminal.has_unicode), amount, static_cast<int>(std::min(part, 1.0) * 100)), width,
             terminal.has_unicode);
}

void ProgressLine::show(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& amount) {
  const std::lock_guard lock(mutex_);
  if (!output_.terminal().can_repaint || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(100);
  output_.measure();
  output_.write("\r\x1b[K" + progress_text(label, done, total, amount, output_.terminal()));
  is_shown_ = true;
}

void ProgressLine::clear() {
  const std::lock_guard lock(mutex_);
  if (is_shown_) output_.write("\r\x1b[K");
  is_shown_ = false;
}

}  // namespace stoker::cli
