#include "api/handlers/run_changes.hpp"

#include <fmt/format.h>

#include "api/handlers/run_keeping.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kMostNamed = 20;

/// What became different.
struct Difference {
  bool renamed = false, described = false;
  std::vector<std::string> tags, removed_tags, properties;  // keys
};

Difference difference(const Run& before, const RunChanges& changes) {
  Difference found;
  found.renamed = changes.display_name && *changes.display_name != before.display_name;
  found.described = changes.description && *changes.description != before.description;
  for (const auto& [key, value] : changes.tags) {
    const auto at = before.tags.find(key);
    if (at == before.tags.end() || at->second != value) found.tags.push_back(key);
  }
  for (const auto& key : changes.remove_tags) {
    if (before.tags.contains(key)) found.removed_tags.push_back(key);
  }
  for (const auto& [key, value] : changes.properties) {
    if (!before.properties.contains(key)) found.properties.push_back(key);
  }
  return found;
}

/// `tag a set`, `tags a, b and 3 more removed`
std::string named(std::string_view one, std::string_view many, const std::vector<std::string>& keys, std::string_view verb) {
  const auto shown = std::min(keys.size(), kMostNamed);
  const auto more = keys.size() > shown ? fmt::format(" and {} more", keys.size() - shown) : std::string();
  return fmt::format("{} {}{} {}", keys.size() == 1 ? one : many, fmt::join(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                     more, verb);
}

std::string sentence(const Difference& found, const RunChanges& changes) {
  std::vector<std::string> parts;
  if (found.renamed) parts.push_back(fmt::format("renamed to \"{}\"", *changes.display_name));
  if (!found.tags.empty()) parts.push_back(named("tag", "tags", found.tags, "set"));
  if (!found.removed_tags.empty()) parts.push_back(named("tag", "tags", found.removed_tags, "removed"));
  if (!found.properties.empty()) parts.push_back(named("property", "properties", found.properties, "added"));
  if (found.described) parts.emplace_back("described");
  return fmt::format("{}", fmt::join(parts, "; "));
}

json::object data_of(const Difference& found, const RunChanges& changes) {
  json::object data;
  if (found.renamed) data["display_name"] = *changes.display_name;
  if (!found.tags.empty()) data["tags"] = json::array(found.tags.begin(), found.tags.end());
  if (!found.removed_tags.empty()) data["removed_tags"] = json::array(found.removed_tags.begin(), found.removed_tags.end());
  if (!found.properties.empty()) data["properties"] = json::array(found.properties.begin(), found.properties.end());
  return data;
}

Status store(db::Transaction& transaction, const RunId& run, const RunChanges& changes) {
  if (changes.display_name) CHECK_OK(catalog::set_display_name(transaction, run, *changes.display_name));
  if (changes.description) CHECK_OK(catalog::set_description(transaction, run, *changes.description));
  if (!changes.tags.empty()) CHECK_OK(catalog::set_tags(transaction, run, changes.tags));
  if (!changes.remove_tags.empty()) CHECK_OK(catalog::remove_tags(transaction, run, changes.remove_tags));
  if (!changes.properties.empty()) CHECK_OK(catalog::add_properties(transaction, run, changes.properties));
  return ok();
}

}  // namespace

Result<Run> change_run(db::Transaction& transaction, const RunId& run, const RunChanges& changes, Time now, const std::string& by) {
  TRY(auto before, catalog::find_run(transaction, run));
  const auto found = difference(before, changes);
  CHECK_OK(store(transaction, run, changes));
  const auto what = sentence(found, changes);
  if (what.empty()) return before;
  CHECK_OK(tell(transaction, run, now, what, by, data_of(found, changes)));
  return catalog::find_run(transaction, run);
}

}  // namespace stoker::api
