#include "cli/help.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "help_pages.hpp"

namespace stoker::cli {
namespace {

std::string_view page_text(std::string_view file) {
  for (const auto& [name, text] : help_pages()) {
    if (name == file) return text;
  }
  return "";
}

std::string file_of(const CommandInfo& info) {
  auto name = std::string(info.noun);
  if (!info.verb.empty()) name += "_" + std::string(info.verb);
  return name + ".md";
}

void replace(std::string& text, std::string_view mark, std::string_view with) {
  if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), with);
}

constexpr std::size_t kNameWidth = 26;

std::string verb_lines(std::string_view noun) {
  std::string text;
  for (const auto& info : command_table()) {
    if (info.noun == noun) text += fmt::format("  {}  {}\n", padded("stoker " + info.name(), kNameWidth), info.summary);
  }
  return text;
}

std::string heading(std::string_view text, const Terminal& terminal) {
  return Output::paint(text, terminal.has_colour ? Style::kBold : Style::kPlain) + "\n";
}

}  // namespace

void declare_common(Arguments& arguments, CommonFlags& flags) {
  arguments.flag("--json", flags.json, "print one JSON record, also for errors");
  arguments.flag("-h,--help", flags.help, "show this page");
}

std::string render_page(std::string_view markdown, const Terminal& terminal) {
  std::string text;
  bool is_code = false;
  while (!markdown.empty()) {
    const auto end = std::min(markdown.find('\n'), markdown.size());
    auto line = markdown.substr(0, end);
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
    if (line.starts_with("```")) {
      is_code = !is_code;
    } else if (is_code) {
      text += line.empty() ? "\n" : fmt::format("  {}\n", line);
    } else if (line.starts_with('#')) {
      line.remove_prefix(std::min(line.find_first_not_of("# "), line.size()));
      text += heading(line, terminal);
    } else {
      text += fmt::format("{}\n", line);
    }
  }
  return text;
}

std::string overview(const Terminal& terminal) {
  std::string text = "stoker runs training scripts, unchanged, on whatever compute you have, and keeps the record.\n\n";
  for (const auto& noun : nouns()) {
    if (noun == "run") text += heading("Runs", terminal);
    if (noun == "experiment") text += "\n" + heading("Experiments and workspaces", terminal);
    if (noun == "server") text += "\n" + heading("The server (starts by itself)", terminal);
    if (noun == "completion") text += "\n" + heading("About stoker", terminal);
    text += verb_lines(noun);
  }
  return text + "\nBegin with:  stoker run submit -f -- python train.py\nHelp:        stoker run submit --help, stoker help errors\n";
}

std::string noun_page(std::string_view noun, const Terminal& terminal) {
  return heading(fmt::format("stoker {}", noun), terminal) + "\n" + verb_lines(noun) +
         fmt::format("\n`stoker {} VERB --help` explains each.\n", noun);
}

std::string command_page(const CommandInfo& info, const Terminal& terminal) {
  Arguments arguments(info.name());
  const auto command = info.make();
  command->declare(arguments);
  CommonFlags flags;
  declare_common(arguments, flags);
  std::string page(page_text(file_of(info)));
  if (page.empty()) page = fmt::format("# stoker {}\n\n{}\n\n```\n{{{{usage}}}}\n```\n\n## Options\n\n{{{{options}}}}\n", info.name(), info.summary);
  replace(page, "{{usage}}", arguments.usage());
  replace(page, "{{options}}\n", arguments.table());
  return render_page(page, terminal);
}

}  // namespace stoker::cli
