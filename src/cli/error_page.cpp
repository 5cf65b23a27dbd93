#include "cli/error_page.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace stoker::cli {

std::vector<std::pair<int, std::string>> exit_codes() {
  return {{0, "it worked; a run that was followed or waited for completed"},
          {1, "the run that was followed or waited for failed, or was lost"},
          {2, "wrong input: an option, a file, a script, an environment"},
          {3, "there is no such thing"},
          {4, "not allowed: no token, or one that does not reach it"},
          {5, "the server: not there, could not start, speaks another version"},
          {6, "the machine: disk full, files that cannot be read or written, damaged data"},
          {7, "a conflict, or a state that does not allow it"},
          {8, "too late or too much: a timeout, an overload; try again"},
          {70, "a bug in stoker"},
          {130, "canceled: the run was, or you pressed Ctrl-C (the run goes on)"}};
}

std::string error_page() {
  std::string text =
      "# Errors and exit codes\n\nMade by `stoker errors --markdown` from src/base/error.cpp.\n\n"
      "Every error of the CLI and of the API has a code. On a terminal it stands in brackets at the end of the first line;\n"
      "with `--json` and in the API it is `error.code`.\n\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n";
  for (const auto& [code, meaning] : exit_codes()) text += fmt::format("| {} | {} |\n", code, meaning);
  text += "\n## Errors\n\n| error | exit code | HTTP status | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& row : error_code_table()) text += fmt::format("| `{}` | {} | {} | {} |\n", row.slug, row.exit_code, row.http_status, row.sentence);
  return text;
}

}  // namespace stoker::cli
