#include "environments/environment.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "base/suggest.hpp"

// One function per sub-folder: `const EnvironmentKind& <sub-folder>_kind()`.
namespace stoker::environments {
#define STOKER_KIND(name) const EnvironmentKind& name##_kind();
#include "environments/kinds.inc"
#undef STOKER_KIND

namespace {

const std::vector<const EnvironmentKind*>& kinds() {
  static const std::vector<const EnvironmentKind*> list = {
#define STOKER_KIND(name) &name##_kind(),
#include "environments/kinds.inc"
#undef STOKER_KIND
  };
  return list;
}

// Boost.JSON keeps the order of insertion; a digest must not.
json::value sorted(const json::value& value) {
  if (const auto* list = value.if_array(); list != nullptr) {
    json::array copy;
    for (const auto& item : *list) copy.push_back(sorted(item));
    return copy;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  std::map<std::string, json::value> by_key;
  for (const auto& [key, item] : *object) by_key.emplace(std::string(key), sorted(item));
  json::object copy;
  for (auto& [key, item] : by_key) copy.emplace(key, std::move(item));
  return copy;
}

void lay_over(Variables& variables, const Variables& layer) {
  for (const auto& [name, value] : layer) variables[name] = value;
}

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Length of the reference at the start of `text` ("$NAME", "${NAME}") and its name; 0 when there is none.
std::size_t reference_at(std::string_view text, std::string_view& name) {
  if (text.size() < 2 || text[0] != '$') return 0;
  const bool has_brace = text[1] == '{';
  const std::size_t begin = has_brace ? 2 : 1;
  std::size_t end = begin;
  while (end < text.size() && (end == begin ? is_name_start(text[end]) : is_name_part(text[end]))) ++end;
  name = text.substr(begin, end - begin);
  if (name.empty() || (has_brace && (end == text.size() || text[end] != '}'))) return 0;
  return end + (has_brace ? 1 : 0);
}

}  // namespace

Program program_of(const RunSpec& spec) { return Program{spec.script, spec.arguments, spec.argv, spec.command}; }

Variables variables_of(const RunSpec& spec) {
  Variables variables = spec.inherited;
  lay_over(variables, spec.environment.variables);
  lay_over(variables, spec.environment_variables);
  return variables;
}

EnvironmentLock make_lock(json::object content) {
  const auto digest = sha256(std::string_view(json::serialize(sorted(json::value(content)))));
  return EnvironmentLock{std::move(content), digest};
}

Variables with_prepared(Variables variables, const Prepared& prepared) {
  lay_over(variables, prepared.variables);
  if (prepared.path_prefix.empty()) return variables;
  std::string path;
  for (const auto& folder : prepared.path_prefix) path += folder + ":";
  variables["PATH"] = path + path_of(variables);
  return variables;
}

const EnvironmentKind* find_environment_kind(std::string_view kind) {
  const auto found = std::ranges::find(kinds(), kind, &EnvironmentKind::kind);
  return found == kinds().end() ? nullptr : *found;
}

std::vector<std::string> environment_kind_names() {
  std::vector<std::string> names;
  for (const auto* kind : kinds()) names.emplace_back(kind->kind());
  std::ranges::sort(names);
  return names;
}

Result<const EnvironmentKind*> require_environment_kind(std::string_view kind) {
  if (const auto* found = find_environment_kind(kind); found != nullptr) return found;
  const auto names = environment_kind_names();
  auto hint = did_you_mean(kind, names);
  if (hint.empty()) hint = fmt::format("known: {}", fmt::join(names, ", "));
  return Error(ErrorCode::kEnvironmentInvalid, fmt::format("\"{}\" is not a kind of environment of this version", to_valid_utf8(kind.substr(0, 100))))
      .hint(hint);
}

std::string path_of(const Variables& variables) {
  const auto found = variables.find("PATH");
  return found == variables.end() ? "/usr/local/bin:/usr/bin:/bin" : found->second;
}

std::string expand_variables(std::string_view text, const Variables& variables) {
  std::string out;
  while (!text.empty()) {
    std::string_view name;
    const auto length = reference_at(text, name);
    const auto value = length == 0 ? variables.end() : variables.find(std::string(name));
    if (value != variables.end()) out += value->second;
    else out += text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace stoker::environments
