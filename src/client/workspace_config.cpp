// The v1 configuration file that names the workspace (spec 1.2). The sub-folder loop is the outer one: `.azureml/config.json` of a
// parent beats a bare config.json of the folder itself.
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "client/submit.hpp"
#include "io/file.hpp"

namespace stoker::client {
namespace {

constexpr int kParents = 20;

std::string find_file(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto start = fs::absolute(directory, error).lexically_normal();
  for (const auto* folder : {".azureml", "aml_config", ""}) {
    for (const auto* name : {"config.json", "project.json"}) {
      auto place = start;
      for (int level = 0; level <= kParents; ++level) {
        const auto candidate = place / folder / name;
        if (fs::is_regular_file(candidate, error)) return candidate.string();
        if (place == place.parent_path()) break;
        place = place.parent_path();
      }
    }
  }
  return "";
}

std::vector<std::string> parts_of(std::string_view scope) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= scope.size();) {
    const auto slash = std::min(scope.find('/', at), scope.size());
    parts.emplace_back(scope.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

std::string text(const json::object& body, std::string_view field) {
  const auto* value = body.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

WorkspaceName read_names(const json::object& body) {
  WorkspaceName name;
  if (const auto scope = text(body, "Scope"); !scope.empty()) {
    const auto parts = parts_of(scope);
    if (parts.size() > 8) name = {.subscription_id = parts[2], .resource_group = parts[4], .name = parts[8]};
    return name;
  }
  const auto workspace = text(body, "workspace_name");
  return {.subscription_id = text(body, "subscription_id"),
          .resource_group = text(body, "resource_group"),
          .name = workspace.empty() ? text(body, "project_name") : workspace};
}

}  // namespace

Result<std::optional<WorkspaceName>> configured_workspace(const std::string& directory, std::string* found) {
  const auto path = find_file(directory);
  if (path.empty()) return std::optional<WorkspaceName>();
  TRY(auto content, io::read_file(path, 1 << 20));
  if (content.starts_with("\xef\xbb\xbf")) content.erase(0, 3);
  auto body = parse_json(content);
  // A config.json may be the user's own: what names no workspace is not ours to complain about.
  if (!body || !body->is_object()) return std::optional<WorkspaceName>();
  const auto& fields = body->get_object();
  const bool is_ours = fields.contains("workspace_name") || fields.contains("project_name") || fields.contains("Scope");
  if (!is_ours) return std::optional<WorkspaceName>();
  auto name = read_names(fields);
  if (name.subscription_id.empty() || name.resource_group.empty() || name.name.empty()) {
    return Error(ErrorCode::kInvalidInput, fmt::format("{} does not name a workspace", path))
        .hint("it needs subscription_id, resource_group and workspace_name; or give --workspace");
  }
  if (found != nullptr) *found = path;
  return std::optional(std::move(name));
}

}  // namespace stoker::client
