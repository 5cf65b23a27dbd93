#pragma once
// A run's record for people: state, how it ended, what made it, what to do next. Pure; what a run wrote is made harmless.

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "cli/output/terminal.hpp"

namespace stoker::cli {

Style state_style(std::string_view state);
/// The state in its colour.
std::string state_text(std::string_view state, const Terminal& terminal);
/// `2 min ago`, `3 h ago`, `2026-06-30`
std::string age(Time then, Time now);
/// The program as one would type it: `python train.py --alpha 0.5`.
std::string program_line(const json::object& run);
/// The words of a shell line, quoted where they must be.
std::string shell_quoted(const std::vector<std::string>& words);

/// Everything about a run, for `stoker run show`.
std::string run_page(const json::object& run, const Terminal& terminal, Time now);
/// How a run ended, its phases, metrics and files, and what to do next; records that are empty are left out.
std::string run_summary(const json::object& run, const json::object& metrics, const json::object& files, const Terminal& terminal, Time now);
/// The run's error: message, last lines of the trace, hint; empty when there is none.
std::string error_text(const json::object& run, const Terminal& terminal);
/// PATH SIZE; empty when there are none.
std::string files_table(const json::object& files, const Terminal& terminal, bool with_logs);

}  // namespace stoker::cli
