#pragma once
// The live view of a run on a terminal: its log scrolls by, a few lines below say state, phases and metrics. Plain ANSI, no full screen:
// what scrolled by stays in the terminal. A thread repaints; the sink may be called from any thread.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "cli/output/terminal.hpp"
#include "cli/output/text.hpp"
#include "client/follow.hpp"

namespace stoker::cli {

struct LiveMetric {
  std::string name, last;
  std::optional<std::int64_t> step;
  std::deque<double> recent;
};

struct LiveModel {
  json::object run;                 // the latest record, its state kept up to date
  std::vector<LiveMetric> metrics;  // the latest changed first
  std::string partial;              // what the run wrote after its last newline
  bool is_connected = true;

  void on_state(std::string_view state, const json::object* record);
  void on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step);
  void on_phase(const json::object& phase);
};

/// The lines below the log, none wider than the terminal. Pure.
std::vector<std::string> live_lines(const LiveModel& model, const Terminal& terminal, Time now);

class LiveView final : public client::FollowSink {
 public:
  LiveView(Output& output, json::object run);
  /// Takes the lines below the log away.
  ~LiveView() override;

  void on_log(std::string_view text) override;
  void on_state(std::string_view state, const json::object* run) override;
  void on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step) override;
  void on_phase(const json::object& phase) override;
  void on_connection(bool is_there) override;

  /// What clears the view from a signal handler.
  static constexpr std::string_view kClear = "\r\x1b[J\x1b[?25h";

 private:
  template <class Change>
  void change(const Change& apply);
  void repaint_until_stopped();
  void paint(const std::vector<std::string>& block);

  Output& output_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  LiveModel model_;
  LineSplitter splitter_;
  std::string pending_;  // lines of the log that are not painted yet
  bool has_changed_ = true;
  bool is_stopped_ = false;
  std::thread painter_;
};

}  // namespace stoker::cli
