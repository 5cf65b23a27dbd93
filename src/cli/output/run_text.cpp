#include "cli/output/run_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/units.hpp"
#include "cli/output/metrics_text.hpp"
#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

using client::array_of;
using client::object_of;
using client::text_of;

std::string clean(std::string_view text) { return harmless(text, false); }

std::vector<std::string> words_of(const json::array& list) {
  std::vector<std::string> words;
  for (const auto& item : list) words.push_back(client::shown(item));
  return words;
}

std::string pairs_of(const json::object& map) {
  std::string text;
  for (const auto& pair : map) {
    text += text.empty() ? "" : ", ";
    text += pair.value().is_null() ? std::string(pair.key()) : fmt::format("{}={}", std::string_view(pair.key()), client::shown(pair.value()));
  }
  return clean(text);
}

std::string git_line(const json::object& properties) {
  auto commit = text_of(properties, "azureml.git.commit");
  if (commit.empty()) return "";
  const auto branch = text_of(properties, "azureml.git.branch");
  const auto url = text_of(properties, "azureml.git.repository_uri");
  auto line = commit.substr(0, 12);
  if (!branch.empty()) line += " on " + branch;
  if (text_of(properties, "azureml.git.dirty") == "True") line += ", with uncommitted changes";
  if (!url.empty()) line += ", " + url;
  return clean(line);
}

std::string resources_line(const json::object& spec) {
  const auto& resources = object_of(spec, "resources");
  auto line = fmt::format("{} CPU", std::max<std::int64_t>(1, client::integer_of(resources, "cpus")));
  if (const auto gpus = client::integer_of(resources, "gpus"); gpus > 0) line += fmt::format(", {} GPU", gpus);
  if (const auto limit = client::integer_of(spec, "max_run_duration_seconds"); limit > 0)
    line += fmt::format(", at most {}", format_duration(std::chrono::seconds(limit)));
  return line;
}

std::string environment_line(const json::object& spec) {
  const auto& environment = object_of(spec, "environment");
  const auto interpreter = text_of(object_of(environment, "settings"), "interpreter");
  const auto kind = text_of(environment, "kind");
  return interpreter.empty() ? kind : fmt::format("{}, {}", kind, clean(interpreter));
}

std::string heading(std::string_view text, const Terminal& terminal) {
  return Output::paint(text, terminal.has_colour ? Style::kBold : Style::kPlain);
}

std::string time_line(const json::object& run, std::string_view field, Time now) {
  const auto time = client::time_of(run, field);
  return time ? fmt::format("{}  ({})", text_of(run, field), age(*time, now)) : "";
}

std::string next_commands(const json::object& run) {
  const auto id = client::run_id(run).text();
  std::vector<std::pair<std::string, std::string>> lines;
  if (!client::is_over(run)) {
    lines = {{"stoker run logs -f " + id, "follow it"}, {"stoker run explain " + id, "what it waits for"}, {"stoker run cancel " + id, "end it"}};
  } else {
    lines = {{"stoker run show " + id, "the whole record"},
             {"stoker run logs " + id, "its output"},
             {"stoker run metrics " + id, "metrics, with charts"},
             {"stoker run download " + id, "its files"}};
  }
  return key_values(lines);
}

}  // namespace

Style state_style(std::string_view state) {
  if (state == "Completed") return Style::kGreen;
  if (state == "Failed" || state == "NotResponding") return Style::kRed;
  if (state == "Canceled" || state == "CancelRequested") return Style::kYellow;
  return state == "Running" || state == "Finalizing" ? Style::kCyan : Style::kPlain;
}

std::string state_text(std::string_view state, const Terminal& terminal) {
  return Output::paint(state, terminal.has_colour ? state_style(state) : Style::kPlain);
}

std::string age(Time then, Time now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  if (seconds < 0) return "just now";
  if (seconds < 60) return fmt::format("{} s ago", seconds);
  if (seconds < 3600) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h ago", seconds / 3600);
  return format_time(then).substr(0, 10);
}

std::string shell_quoted(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    const bool is_plain =
        !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%") == std::string::npos;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += (line.empty() ? "" : " ") + (is_plain ? word : quoted + "'");
  }
  return line;
}

std::string program_line(const json::object& run) {
  const auto& spec = object_of(run, "spec");
  if (text_of(run, "kind") == "interactive") return "(interactive)";
  if (auto command = text_of(spec, "command"); !command.empty()) return clean(command);
  auto words = words_of(array_of(spec, "argv"));
  if (words.empty()) {
    words = words_of(array_of(spec, "arguments"));
    words.insert(words.begin(), text_of(spec, "script"));
  }
  return clean(shell_quoted(words));
}

std::string error_text(const json::object& run, const Terminal& terminal) {
  const auto& error = object_of(run, "error");
  const auto message = text_of(error, "message");
  if (message.empty()) return "";
  auto text = fmt::format("{} {}\n", Output::paint("error:", terminal.has_colour ? Style::kRed : Style::kPlain), clean(message));
  LineSplitter splitter;
  auto trace = text_of(error, "trace");
  if (!trace.empty() && trace.back() != '\n') trace += '\n';
  for (const auto& line : splitter.take(trace)) text += fmt::format("  {}\n", clean(last_rewrite(line)));
  if (const auto hint = text_of(error, "hint"); !hint.empty()) text += fmt::format("  try: {}\n", clean(hint));
  return text;
}

std::string data_line(const json::object& run) {
  std::string line;
  for (const auto& item : array_of(run, "datasets")) {
    if (!item.is_object()) continue;
    const auto& use = item.get_object();
    const auto& dataset = object_of(use, "dataset");
    auto name = text_of(dataset, "name");
    if (name.empty()) name = text_of(dataset, "id");
    else name += fmt::format(" version {}", client::integer_of(dataset, "version"));
    line += fmt::format("{}{} {}: {}", line.empty() ? "" : ", ", text_of(use, "relation"), clean(text_of(use, "name")), clean(name));
  }
  return line;
}

std::string run_page(const json::object& run, const Terminal& terminal, Time now) {
  const auto& spec = object_of(run, "spec");
  const bool is_interactive = text_of(run, "kind") == "interactive";
  const auto state = text_of(run, "state");
  const auto end = text_of(object_of(run, "end"), "message");
  const auto time = client::run_time(run, now);
  auto text = fmt::format("{}\n", heading(client::run_id(run).text(), terminal));
  text += key_values({
      {"state", state_text(state, terminal) + (end.empty() ? "" : ", " + clean(end))},
      {"name", clean(text_of(run, "display_name"))},
      {"description", clean(text_of(run, "description"))},
      {"experiment", clean(text_of(run, "experiment"))},
      {"parent", clean(text_of(run, "parent"))},
      {"program", program_line(run)},
      {"source", clean(text_of(spec, "source_directory"))},
      {"snapshot", text_of(run, "snapshot")},
      {"git", git_line(object_of(run, "properties"))},
      {"data", data_line(run)},
      {"environment", is_interactive ? "" : environment_line(spec)},
      {"target", is_interactive ? "" : fmt::format("{}, {}", text_of(run, "target"), resources_line(spec))},
      {"submitted", fmt::format("{}{}", time_line(run, "created_at", now),
                                text_of(spec, "submitted_by").empty() ? "" : ", by " + clean(text_of(spec, "submitted_by")))},
      {"started", time_line(run, "started_at", now)},
      {"ended", time_line(run, "ended_at", now)},
      {"archived", time_line(run, "archived_at", now)},
      {"time", time ? format_duration(*time) : ""},
      {"phases", client::phases_line(run, now)},
      {"attempt", client::integer_of(run, "attempt") > 1 ? std::to_string(client::integer_of(run, "attempt")) : ""},
      {"tags", pairs_of(object_of(run, "tags"))},
      {"properties", pairs_of(object_of(run, "properties"))},
  });
  if (const auto error = error_text(run, terminal); !error.empty()) text += "\n" + error;
  return text + "\n" + next_commands(run);
}

std::string files_table(const json::object& files, const Terminal& terminal, bool with_logs) {
  Table table({{"FILE", false, true}, {"SIZE", true}});
  for (const auto& item : array_of(files, "files")) {
    if (!item.is_object() || (!with_logs && text_of(item.get_object(), "origin") == "log")) continue;
    table.add({text_of(item.get_object(), "path"), format_bytes(static_cast<std::uint64_t>(client::integer_of(item.get_object(), "size_bytes")))});
  }
  return table.empty() ? "" : table.render(terminal);
}

std::string run_summary(const json::object& run, const json::object& metrics, const json::object& files, const Terminal& terminal, Time now) {
  const auto time = client::run_time(run, now);
  const auto words = Output::paint(client::ending(run), terminal.has_colour ? state_style(text_of(run, "state")) : Style::kPlain);
  auto text = fmt::format("Run {} {}{}\n", heading(client::run_id(run).text(), terminal), words,
                          time ? fmt::format(" after {}", format_duration(*time)) : "");
  if (const auto phases = client::phases_line(run, now); !phases.empty()) text += fmt::format("  {}\n", phases);
  if (const auto error = error_text(run, terminal); !error.empty()) text += "\n" + error;
  if (const auto table = metrics_table(read_metrics(metrics), terminal); !table.empty()) text += "\n" + table;
  if (const auto table = files_table(files, terminal, false); !table.empty()) text += "\n" + table;
  return text + "\n" + next_commands(run);
}

}  // namespace stoker::cli
