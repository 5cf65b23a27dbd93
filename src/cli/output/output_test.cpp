// Golden texts of what people see: tables, charts, pages, the live view.
#include <gtest/gtest.h>

#include <cmath>

#include "cli/golden.hpp"
#include "cli/output/chart.hpp"
#include "cli/output/json.hpp"
#include "cli/output/live.hpp"
#include "cli/output/metrics_text.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

json::object record(const std::string& name) {
  const auto text = io::read_file(std::string(STOKER_SOURCE_DIR) + "/src/cli/testdata/" + name);
  return parse_json(*text)->get_object();
}
Time now() { return *parse_time("2026-01-01T00:10:00Z"); }
constexpr Terminal kPipe{};
constexpr Terminal kNarrow{.is_terminal = true, .has_colour = true, .can_repaint = true, .has_unicode = true, .width = 60, .height = 24};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

TEST(Table, AlignsAndLeavesNoSpacesAtTheEnds) {
  Table table({{"RUN", false, true}, {"SIZE", true}, {"NOTE"}});
  table.add({"a", "1", "x"});
  table.add({"long name", "1000", ""});
  EXPECT_EQ(table.render(kPipe), "RUN        SIZE  NOTE\na             1  x\nlong name  1000\n");
}

TEST(Table, ShrinksWhatMayShrinkToTheTerminal) {
  Table table({{"RUN", false, true}, {"STATE"}});
  table.add({"diabetes_1760000000_1a2b3c4d", "Completed"});
  EXPECT_EQ(table.render({.is_terminal = true, .width = 24}), "RUN            STATE\ndiabetes_176…  Completed\n");
}

TEST(Table, CellsCannotBreakIt) {
  Table table({{"A"}});
  table.add({"x\ny\x1b[2J"});
  EXPECT_EQ(table.render(kPipe), "A\nx y^[[2J\n");
}

TEST(Sparkline, FromLeastToGreatestWithGaps) {
  const std::vector<double> values = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(sparkline(values, 20), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(values, 20, false), "_.--==##");
  EXPECT_EQ(sparkline(values, 4), "▁▃▆█");
  EXPECT_EQ(sparkline(std::vector<double>{1, NAN, 1}, 20), "▅ ▅");
  EXPECT_EQ(sparkline(std::vector<double>{}, 20), "");
  EXPECT_EQ(sparkline(std::vector<double>{-1e308, 1e308}, 20), "▁█") << "the distance does not overflow";
}

TEST(Chart, DrawsALineWithItsBounds) {
  std::vector<ChartPoint> points;
  for (int i = 0; i <= 40; ++i) points.push_back({static_cast<double>(i), std::exp(-i / 10.0)});
  expect_golden("chart.txt", joined(chart(points, {.width = 50, .height = 6})) + "\n" + joined(chart(points, {.width = 50, .height = 6}, false)));
}

TEST(Chart, NeedsTwoNumbers) {
  EXPECT_TRUE(chart(std::vector<ChartPoint>{{1, 1}, {2, NAN}}, {}).empty());
  EXPECT_FALSE(chart(std::vector<ChartPoint>{{1, 1}, {1, 1}}, {}).empty()) << "a flat line of one place is drawn too";
}

TEST(Json, IsIndentedAndWritesNumbersAsPeopleDo) {
  EXPECT_EQ(pretty(json::value({{"a", {0.5, 1.0, 3}}, {"b", json::object()}, {"c", nullptr}, {"d\n", "ü\""}})),
            "{\n  \"a\": [\n    0.5,\n    1.0,\n    3\n  ],\n  \"b\": {},\n  \"c\": null,\n  \"d\\n\": \"ü\\\"\"\n}\n");
}

TEST(RunText, PageOfARunThatFailed) { expect_golden("run_page.txt", run_page(record("run_failed.json"), kPipe, now())); }

TEST(RunText, SummaryOfARunThatCompleted) {
  expect_golden("run_summary.txt", run_summary(record("run_completed.json"), record("metrics.json"), record("files.json"), kPipe, now()));
}

TEST(RunText, WordsAreQuotedForAShell) { EXPECT_EQ(shell_quoted({"python", "train.py", "a b", "it's", ""}), "python train.py 'a b' 'it'\\''s' ''"); }

TEST(RunText, AgesForPeople) {
  const auto ago = [](std::chrono::seconds seconds) { return age(now() - seconds, now()); };
  EXPECT_EQ(ago(std::chrono::seconds(5)), "5 s ago");
  EXPECT_EQ(ago(std::chrono::minutes(90)), "1 h ago");
  EXPECT_EQ(ago(std::chrono::hours(24 * 30)), "2025-12-02");
}

TEST(Metrics, TableAndCharts) {
  const auto metrics = read_metrics(record("metrics.json"));
  expect_golden("metrics.txt", metrics_table(metrics, kPipe) + metric_details(metrics, kPipe));
}

TEST(Live, LinesFitTheTerminalAndSayWhatGoesOn) {
  LiveModel model{.run = record("run_completed.json"), .partial = "epoch 3: 10%\repoch 3: 20%"};
  model.on_state("Running", nullptr);
  model.run["ended_at"] = nullptr;
  for (int i = 0; i < 30; ++i) model.on_metric("loss", 1.0 / (i + 1), i);
  model.on_metric("a metric with a name that is much longer than the terminal is wide", "NaN", std::nullopt);
  const auto lines = live_lines(model, kNarrow, now());
  for (const auto& line : lines) EXPECT_LT(display_width(line), 60U) << line;
  auto plain = kNarrow;
  plain.has_colour = false;
  model.is_connected = false;
  expect_golden("live.txt", joined(live_lines(model, plain, now())));
}

TEST(Live, PhasesAreKeptByName) {
  LiveModel model;
  model.on_phase({{"name", "snapshot"}, {"started_at", "2026-01-01T00:00:00Z"}, {"ended_at", nullptr}});
  model.on_phase({{"name", "snapshot"}, {"started_at", "2026-01-01T00:00:00Z"}, {"ended_at", "2026-01-01T00:00:01Z"}});
  EXPECT_EQ(client::phases_line(model.run, now()), "snapshot 1.0 s");
}

TEST(Live, ViewShowsEveryLineOnceAndCleansUp) {
  std::string shown;
  Output output([&](std::string_view text) { shown += text; }, kNarrow);
  {
    LiveView view(output, record("run_completed.json"));
    view.on_log("one\ntw");
    view.on_log("o\nthree without an end");
  }
  for (const auto* line : {"one\n", "two\n", "three without an end\n"}) {
    const auto at = shown.find(line);
    EXPECT_NE(at, std::string::npos) << line;
    EXPECT_EQ(shown.find(line, at + 1), std::string::npos) << line;
  }
  EXPECT_TRUE(shown.find("\x1b[?25h") != std::string::npos) << "the cursor is back";
}

TEST(Progress, FitsTheTerminal) {
  EXPECT_EQ(progress_text("snapshot", 5, 10, "5 of 10 files", {.is_terminal = true, .width = 80}),
            "snapshot  ━━━━━━━━━━━━────────────  5 of 10 files, 50%");
  EXPECT_EQ(progress_text("snapshot", 0, 0, "5 files", {.is_terminal = true, .width = 80}), "snapshot  5 files");
  EXPECT_LE(display_width(progress_text("snapshot", 5, 10, "5 of 10 files", {.is_terminal = true, .width = 20})), 20U);
}

TEST(Terminal, UnicodeUnlessTheLocaleNamesAnotherSet) {
  EXPECT_TRUE(look_at(0, {}).has_unicode);
  EXPECT_TRUE(look_at(0, {{"LANG", "de_DE.UTF-8"}}).has_unicode);
  EXPECT_FALSE(look_at(0, {{"LANG", "de_DE.ISO-8859-1"}}).has_unicode);
  EXPECT_FALSE(look_at(0, {{"LC_ALL", "C"}, {"LANG", "en_US.utf8"}}).has_unicode);
}

}  // namespace
}  // namespace stoker::cli
