// Names and sentences of the lifecycle, and the pages and enums made from its table.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "runs/lifecycle.hpp"

namespace stoker::runs {
namespace {

constexpr std::array<std::string_view, kEventKindCount> kEvents = {
    "placed",       "provisions",   "prepares", "waits in target", "runs", "finalizes", "intended",  "exited", "finished",
    "cancel asked", "start failed", "silent",   "heard",           "lost", "opens",     "completes", "fails",  "reopens"};
constexpr std::array<std::string_view, kEventKindCount> kEventSentences = {
    "the target gave a place: attempt, handle and GPUs begin to count",
    "the target makes compute for it",
    "its supervisor fetches the snapshot and enters the environment",
    "it waits inside the target",
    "its supervisor began the user's program",
    "the program ended, its files are being collected",
    "`run.complete()` or `run.fail()` from inside; settles at the end",
    "its supervisor says how the program ended",
    "its supervisor delivered everything",
    "somebody wants it to end",
    "the target could not give a place and will not",
    "nothing was heard of its supervisor (or, of an interactive run, of its client) for too long",
    "it is there again",
    "the target says that nobody will ever report",
    "interactive: its client begins",
    "interactive: its client says that it is done",
    "interactive: its client says that it failed",
    "interactive: its client goes on with a run that had ended",
};
constexpr std::array<std::string_view, 9> kGuards = {"",
                                                     "how it ended is known",
                                                     "how it ended is not known",
                                                     "exit code 0 and no `run.fail()`",
                                                     "the cancel ended it, or it was lost after the cancel",
                                                     "a cancel is pending and how it ended was never heard",
                                                     "a cancel is pending",
                                                     "the program had begun",
                                                     "the run is interactive"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kRefusals = {{
    {"ended", "the run has ended"},
    {"stale attempt", "it tells of another attempt"},
    {"not placed", "nothing runs yet"},
    {"placed before", "the run has its place"},
    {"backward", "the run is further than that"},
    {"already", "it is so already"},
    {"cancel pending", "the run is to end; where it is on the way does not matter"},
    {"not heard", "the run counts as silent until it is heard again"},
    {"no end", "there is no word on how the program ended"},
    {"other kind", "it does not happen to runs of this kind"},
}};
constexpr std::array<std::pair<Effect, std::string_view>, 11> kEffects = {{
    {Effect::kSendStart, "send start"},
    {Effect::kSendCancel, "send cancel"},
    {Effect::kFreePlace, "free the place"},
    {Effect::kLeaveQueue, "leave the queue"},
    {Effect::kNotePlace, "note the place"},
    {Effect::kNoteStart, "note the start"},
    {Effect::kNoteEnd, "note how it ended"},
    {Effect::kNoteCancel, "note who cancels"},
    {Effect::kNoteIntent, "note run.fail()"},
    {Effect::kSettle, "settle"},
    {Effect::kReopen, "reopen"},
}};
constexpr std::array<std::string_view, kRunStateCount> kStateSentences = {
    "waits for its turn in the queue of its target; an interactive run: for its client to begin",
    "has its place; its supervisor has not said anything yet",
    "compute is being made for it",
    "the supervisor fetches the snapshot and enters the environment",
    "waits inside the target",
    "the user's program runs, or an interactive run was begun",
    "the program ended; its files are being collected",
    "somebody wants it to end; it may still beat the cancel",
    "exit code 0 and everything delivered, or the client of an interactive run said so",
    "ended otherwise; the error says why",
    "ended because somebody wanted it",
    "nothing was heard of its supervisor, or of the client of an interactive run, for a while; it may come back",
};

std::string names_of(StateSet set) {
  std::string text;
  for (std::size_t i = 0; i < kRunStateCount; ++i) {
    if ((set & (1U << i)) == 0) continue;
    if (!text.empty()) text += ", ";
    text += to_text(static_cast<RunState>(i));
  }
  return text;
}

std::string names_of(Effect effects) {
  std::string text;
  for (const auto& [effect, name] : kEffects) {
    if (!has(effects, effect)) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

std::string events_of(RunKind kind) {
  std::string text;
  for (std::size_t i = 0; i < kEventKindCount; ++i) {
    if (happens_to(static_cast<EventKind>(i), kind)) text += fmt::format("{}{}", text.empty() ? "" : ", ", kEvents[i]);
  }
  return text;
}

std::string diagram() {
  std::set<std::string> seen;
  std::string text = "```mermaid\nstateDiagram-v2\n  [*] --> NotStarted\n";
  for (const auto& row : rows()) {
    for (std::size_t i = 0; row.to && i < kRunStateCount; ++i) {
      if ((row.from & (1U << i)) == 0) continue;
      auto line = fmt::format("  {} --> {}: {}\n", to_text(static_cast<RunState>(i)), to_text(*row.to), to_text(row.event));
      if (seen.insert(line).second) text += line;
    }
  }
  return text + "  Completed --> [*]\n  Failed --> [*]\n  Canceled --> [*]\n```\n";
}

template <class Line>
std::string each_state(Line line) {
  std::string text;
  for (std::size_t i = 0; i < kRunStateCount; ++i) text += line(static_cast<RunState>(i));
  return text;
}

std::string constant_name(RunState state) {
  std::string name;
  for (const char c : to_text(state)) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !name.empty()) name += '_';
    name += upper ? c : static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

}  // namespace

std::string_view to_text(EventKind kind) { return kEvents[static_cast<std::size_t>(kind)]; }
std::string_view to_text(Guard guard) { return kGuards[static_cast<std::size_t>(guard)]; }
std::string_view to_text(Refusal refusal) { return kRefusals[static_cast<std::size_t>(refusal)].first; }
std::string_view sentence_of(Refusal refusal) { return kRefusals[static_cast<std::size_t>(refusal)].second; }

std::string render_states_markdown() {
  std::string text =
      "# States of a run\n\nMade from the table in `src/runs/lifecycle.cpp`; do not edit.\n\n| state | meaning | terminal |\n| --- | --- | --- |\n";
  text += each_state([](RunState state) {
    return fmt::format("| `{}` | {} | {} |\n", to_text(state), kStateSentences[static_cast<std::size_t>(state)], is_terminal(state) ? "yes" : "");
  });
  text += "\n## Events\n\n| event | meaning |\n| --- | --- |\n";
  for (std::size_t i = 0; i < kEventKindCount; ++i) text += fmt::format("| {} | {} |\n", kEvents[i], kEventSentences[i]);
  text += fmt::format("\nTo a script happen: {}. To an interactive run: {}.\n", events_of(RunKind::kScript), events_of(RunKind::kInteractive));
  text +=
      "\n## What moves a run\n\nRows of one state and event are tried from the top.\n\n| from | event | if | to | effects |\n| --- | --- | --- | --- "
      "| --- |\n";
  for (const auto& row : rows())
    text += fmt::format("| {} | {} | {} | {} | {} |\n", names_of(row.from), to_text(row.event), to_text(row.guard),
                        row.to ? to_text(*row.to) : "stays", names_of(row.effects));
  text +=
      "\n## What does nothing\n\nTerminal states refuse every event (ended); an event of another attempt is refused everywhere (stale attempt), and "
      "so is one "
      "that does not happen to runs of this kind (other kind).\n\n| "
      "in | event | refusal |\n| --- | --- | --- |\n";
  for (const auto& row : refusals()) text += fmt::format("| {} | {} | {} |\n", names_of(row.from), to_text(row.event), to_text(row.refusal));
  text += "\n| refusal | meaning |\n| --- | --- |\n";
  for (const auto& [name, sentence] : kRefusals) text += fmt::format("| {} | {} |\n", name, sentence);
  return text + "\n## Diagram\n\n" + diagram();
}

std::string render_states_python() {
  std::string text = "\"\"\"States of a run. Made from the table in src/runs/lifecycle.cpp; do not edit.\"\"\"\n\n";
  text += each_state([](RunState state) { return fmt::format("{} = \"{}\"\n", constant_name(state), to_text(state)); });
  text += "\nALL_STATES = (" + each_state([](RunState state) { return constant_name(state) + ", "; });
  text.resize(text.size() - 2);
  text += ")\nTERMINAL_STATES = (" + each_state([](RunState state) { return is_terminal(state) ? constant_name(state) + ", " : std::string(); });
  text.resize(text.size() - 2);
  return text + ")\n";
}

std::string render_states_typescript() {
  std::string text = "// States of a run. Made from the table in src/runs/lifecycle.cpp; do not edit.\nexport const runStates = [\n";
  text += each_state([](RunState state) { return fmt::format("  '{}',\n", to_text(state)); });
  text += "] as const;\nexport type RunState = (typeof runStates)[number];\n\nexport const terminalStates: readonly RunState[] = [";
  text += each_state([](RunState state) { return is_terminal(state) ? fmt::format("'{}', ", to_text(state)) : std::string(); });
  text.resize(text.size() - 2);
  return text + "];\n";
}

}  // namespace stoker::runs
