#include "cli/names.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "client/records.hpp"
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
  if (!is_whole) return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" does not name a workspace", text)).hint("write NAME or SUBSCRIPTION/GROUP/NAME");
  CHECK_OK(check_workspace_name(name.name));
  return name;
}

Result<std::string> workspace_id(client::Client& client, const std::string& text) {
  WorkspaceName name;
  if (!text.empty()) {
    TRY(name, parse_workspace(text));
  }
  TRY(const auto record, client.find_workspace(name));
  return client::text_of(record, "id");
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
