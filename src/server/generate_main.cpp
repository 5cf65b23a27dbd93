// stoker-generate NAME: prints a file that comes from the code. tools/generate compares them with, or writes, the checked-in ones.

#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include <fmt/format.h>

#include "api/http/http_server.hpp"
#include "base/error.hpp"
#include "runs/lifecycle.hpp"

namespace {

std::string render_errors() {
  std::string text =
      "# Errors and exit codes\n\nMade from the table in `src/base/error.cpp` by `make generate`.\n\n"
      "| code | HTTP status | exit code | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& row : stoker::error_code_table())
    text += fmt::format("| `{}` | {} | {} | {} |\n", row.slug, row.http_status, row.exit_code, row.sentence);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<std::string()>> files = {
      {"openapi", stoker::api::render_openapi},
      {"errors", render_errors},
      {"run-states", stoker::runs::render_states_markdown},
      {"python-states", stoker::runs::render_states_python},
  };
  const auto file = argc == 2 ? files.find(argv[1]) : files.end();
  if (file == files.end()) {
    fmt::print(stderr, "usage: stoker-generate openapi|errors|run-states|python-states\n");
    return 2;
  }
  const auto text = file->second();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}
