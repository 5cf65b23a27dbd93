#include "cli/names.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "client/records.hpp"
#include "client/submit.hpp"
#include "domain/names.hpp"
#include "domain/run.hpp"

namespace stoker::cli {

Result<WorkspaceName> parse_workspace(const std::string& text) {
  WorkspaceName name;
  const auto slashes = std::ranges::count(text, '/');
  if (slashes == 2) {
    const auto first = text.find('/'), last = text.rfind('/');
    name = {.subscription_id = text.substr(0, first), .resource_group = text.substr(first + 1, last - first - 1), .name = text.substr(last + 1)};
  } else {
    name.name = text;
  }
  const bool is_whole = (slashes == 0 || slashes == 2) && !name.subscription_id.empty() && !name.resource_group.empty();
  if (!is_whole)
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" does not name a workspace", text)).hint("write NAME or SUBSCRIPTION/GROUP/NAME");
  CHECK_OK(check_workspace_name(name.name));
  return name;
}

Result<std::string> workspace_id(client::Client& client, const std::string& text) {
  WorkspaceName name;
  if (!text.empty()) {
    TRY(name, parse_workspace(text));
  } else {
    TRY(const auto configured, client::configured_workspace("."));
    name = configured.value_or(WorkspaceName());
  }
  TRY(const auto record, client.find_workspace(name));
  return client::text_of(record, "id");
}

Result<std::string> workspace_of_experiment(client::Client& client, const std::string& experiment) {
  TRY(const auto workspaces, client.workspaces());
  std::vector<std::string> ids, known;
  for (const auto& workspace : client::array_of(workspaces, "workspaces")) {
    const auto id = workspace.is_object() ? client::text_of(workspace.get_object(), "id") : "";
    TRY(const auto record, client.experiments(id));
    for (const auto& item : client::array_of(record, "experiments")) {
      known.push_back(item.is_object() ? client::text_of(item.get_object(), "name") : "");
      if (known.back() == experiment) ids.push_back(id);
    }
  }
  if (ids.size() == 1) return ids[0];
  if (ids.empty()) return Error(ErrorCode::kNotFound, fmt::format("there is no experiment \"{}\"", experiment)).hint(did_you_mean(experiment, known));
  return Error(ErrorCode::kInvalidInput, fmt::format("{} workspaces have an experiment \"{}\"", ids.size(), experiment))
      .hint("say which: --workspace NAME");
}

std::string user_at_host() {
  const auto* entry = ::getpwuid(::geteuid());
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}@{}", entry != nullptr ? entry->pw_name : std::to_string(::geteuid()), host.data());
}

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (std::size_t state = 0; state < kRunStateCount; ++state) names.emplace_back(to_text(static_cast<RunState>(state)));
  return names;
}

}  // namespace stoker::cli
