#pragma once
// `submit --follow` and `logs --follow`: a live view on a terminal, plain lines in a pipe, and at the end what came out.

#include <string>

#include "base/json.hpp"
#include "cli/command.hpp"

namespace stoker::cli {

/// Exit code 0 when the run completed, else that of how it ended. With --json the log goes to stderr and the record to stdout.
Result<int> follow_run(Context& context, client::Client& client, json::object run, const std::string& stream = "all");

}  // namespace stoker::cli
