#pragma once
// One line at the bottom of a terminal that says how far a transfer is; nothing at all in a pipe. Safe from any thread.

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "cli/output/terminal.hpp"

namespace stoker::cli {

/// `label [━━━━────] 12 MB of 40 MB, 30%`; without a bar while the total is 0. Pure.
std::string progress_text(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& amount, const Terminal& terminal);

class ProgressLine {
 public:
  explicit ProgressLine(Output& output) : output_(output) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// At most ten times a second, and not within the first 150 ms: what is quick shows nothing.
  void show(const std::string& label, std::uint64_t done, std::uint64_t total, const std::string& amount);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;
  Output& output_;
  Clock::time_point next_ = Clock::now() + std::chrono::milliseconds(150);
  bool is_shown_ = false;
};

}  // namespace stoker::cli
