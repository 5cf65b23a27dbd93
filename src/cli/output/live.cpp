#include "cli/output/live.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "cli/output/chart.hpp"
#include "cli/output/run_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kRecent = 512;
constexpr std::chrono::milliseconds kTick{200};     // so that the time goes on
constexpr std::chrono::milliseconds kShortest{30};  // between two paintings
constexpr std::size_t kMostPending = 1 << 20;       // a flood is painted in parts, the reader waits

std::string metric_line(const LiveMetric& metric, std::size_t name_width, const Terminal& terminal) {
  const std::vector<double> values(metric.recent.begin(), metric.recent.end());
  const auto spark = values.size() > 1 ? sparkline(values, 20, terminal.has_unicode) : "";
  const auto step = metric.step ? fmt::format("  step {}", *metric.step) : "";
  return fmt::format("  {}  {}  {}{}", padded(fit(metric.name, name_width, terminal.has_unicode), name_width), padded(metric.last, 10, true), spark,
                     step);
}

}  // namespace

void LiveModel::on_state(std::string_view state, const json::object* record) {
  if (record != nullptr) run = *record;
  if (!state.empty()) run["state"] = state;
}

void LiveModel::on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step) {
  auto found = std::ranges::find(metrics, name, &LiveMetric::name);
  if (found == metrics.end()) found = metrics.insert(metrics.end(), LiveMetric{.name = std::string(name)});
  const auto number = client::number_of(value);
  found->last = number ? client::format_number(*number) : client::shown(value);
  found->step = step;
  if (number) found->recent.push_back(*number);
  if (found->recent.size() > kRecent) found->recent.pop_front();
}

void LiveModel::on_phase(const json::object& phase) {
  if (!run["phases"].is_array()) run["phases"] = json::array();
  auto& phases = run["phases"].get_array();
  const auto name = client::text_of(phase, "name");
  const auto same =
      std::ranges::find_if(phases, [&](const json::value& one) { return one.is_object() && client::text_of(one.get_object(), "name") == name; });
  if (same != phases.end()) *same = phase;
  else phases.push_back(phase);
}

std::vector<std::string> live_lines(const LiveModel& model, const Terminal& terminal, Time now) {
  const auto width = static_cast<std::size_t>(terminal.width > 1 ? terminal.width - 1 : 79);
  std::vector<std::string> lines;
  if (!model.partial.empty()) lines.push_back(harmless(last_rewrite(model.partial), terminal.has_colour));
  const auto state = client::text_of(model.run, "state");
  const auto time = client::run_time(model.run, now);
  const auto phases = client::phases_line(model.run, now);
  std::string rule;
  for (std::size_t i = 0; i < std::min<std::size_t>(width, 60); ++i) rule += terminal.has_unicode ? "─" : "-";
  lines.push_back(Output::paint(rule, terminal.has_colour ? Style::kDim : Style::kPlain));
  const auto waiting = model.is_connected ? "" : "waiting for the server  ";
  lines.push_back(
      fmt::format("{}  {}{}{}", state_text(state, terminal), waiting, time ? format_duration(*time) + "  " : "", client::run_id(model.run).text()));
  if (!phases.empty()) lines.push_back("  " + phases);
  const auto room = static_cast<std::size_t>(std::clamp(terminal.height / 4, 1, 6));
  const auto shown = std::min(room, model.metrics.size());
  std::size_t name_width = 0;
  for (std::size_t i = 0; i < shown; ++i) name_width = std::max(name_width, std::min<std::size_t>(24, display_width(model.metrics[i].name)));
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(harmless(metric_line(model.metrics[i], name_width, terminal), false));
  if (shown < model.metrics.size()) lines.push_back(fmt::format("  and {} more metrics", model.metrics.size() - shown));
  for (auto& line : lines) line = fit(line, width, terminal.has_unicode);
  return lines;
}

LiveView::LiveView(Output& output, json::object run)
    : output_(output), model_{.run = std::move(run)}, painter_([this] { repaint_until_stopped(); }) {}

LiveView::~LiveView() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    if (const auto rest = splitter_.take_rest(); !rest.empty()) pending_ += harmless(last_rewrite(rest), output_.terminal().has_colour) + "\n";
  }
  changed_.notify_all();
  painter_.join();
  output_.write(std::string(kClear) + pending_);
}

template <class Change>
void LiveView::change(const Change& apply) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_.size() < kMostPending || is_stopped_; });
  apply();
  has_changed_ = true;
  lock.unlock();
  changed_.notify_all();
}

void LiveView::on_log(std::string_view text) {
  change([&] {
    for (const auto& line : splitter_.take(text)) pending_ += harmless(last_rewrite(line), output_.terminal().has_colour) + "\n";
    model_.partial = splitter_.rest();
  });
}

void LiveView::on_state(std::string_view state, const json::object* run) {
  change([&] { model_.on_state(state, run); });
}
void LiveView::on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step) {
  change([&] { model_.on_metric(name, value, step); });
}
void LiveView::on_phase(const json::object& phase) {
  change([&] { model_.on_phase(phase); });
}
void LiveView::on_connection(bool is_there) {
  change([&] { model_.is_connected = is_there; });
}

void LiveView::repaint_until_stopped() {
  const SystemClock clock;
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    output_.measure();
    paint(live_lines(model_, output_.terminal(), clock.now()));
    has_changed_ = false;
    changed_.notify_all();
    changed_.wait_for(lock, kShortest, [this] { return is_stopped_; });
    changed_.wait_for(lock, kTick, [this] { return is_stopped_ || has_changed_; });
  }
}

void LiveView::paint(const std::vector<std::string>& block) {
  // The cursor rests at the first line of the block, so that clearing to the end takes exactly the block away.
  std::string text = "\x1b[?25l\r\x1b[J" + std::exchange(pending_, {});
  for (std::size_t i = 0; i < block.size(); ++i) text += (i > 0 ? "\n" : "") + block[i];
  if (block.size() > 1) text += fmt::format("\x1b[{}A", block.size() - 1);
  output_.write(text + "\r");
}

}  // namespace stoker::cli
