#pragma once
// Help pages: the .md beside each command, with its usage and its options filled in from the command itself.

#include <string>

#include "cli/command.hpp"

namespace stoker::cli {

/// Every command declares these two; the program acts on them.
struct CommonFlags {
  bool json = false;
  bool help = false;
};
void declare_common(Arguments& arguments, CommonFlags& flags);

/// `stoker`: what there is, grouped by noun.
std::string overview(const Terminal& terminal);
/// `stoker run`: the verbs of a noun.
std::string noun_page(std::string_view noun, const Terminal& terminal);
std::string command_page(const CommandInfo& info, const Terminal& terminal);
/// Markdown for a terminal: headings bold, fences gone, code indented, lines as they are.
std::string render_page(std::string_view markdown, const Terminal& terminal);

}  // namespace stoker::cli
