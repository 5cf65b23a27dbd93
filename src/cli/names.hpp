#pragma once
// How users name things on the command line, and the name of the user who does.

#include <string>

#include "base/result.hpp"
#include "client/client.hpp"
#include "domain/run_spec.hpp"

namespace stoker::cli {

/// `NAME` (of the default subscription and group) or `SUBSCRIPTION/GROUP/NAME`.
Result<WorkspaceName> parse_workspace(const std::string& text);
/// The id of the workspace with that name; for an empty text that of the folder's config.json, else the default one.
Result<std::string> workspace_id(client::Client& client, const std::string& text);
/// The id of the one workspace that has an experiment of this name. kNotFound with what is near, kInvalidInput when several have it.
Result<std::string> workspace_of_experiment(client::Client& client, const std::string& experiment);
/// `ada@box`
std::string user_at_host();
/// The names of the states, for options.
std::vector<std::string> state_names();

}  // namespace stoker::cli
