#include "mlflow/registry_names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "mlflow/artifact_path.hpp"
#include "mlflow/limits.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kLongestName = 256, kLongestAlias = 255, kLongestValue = 100'000;

Error refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
}

/// Letters, digits and `_` of ASCII; of what lies beyond all is taken for letters.
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

Error bad_source(std::string_view source) {
  return refused(
      fmt::format("Invalid model version source: '{}'. If supplying a source as an http, https, local file path, ftp, objectstore, or "
                  "mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an "
                  "absolute path.",
                  source));
}

Error local_source(std::string_view source) {
  return refused(
      fmt::format("Invalid model version source: '{}'. To use a local path as a model version source, the run_id request parameter has to be "
                  "specified and the local path has to be contained within the artifact directory of the run specified by the run_id.",
                  source));
}

}  // namespace

Status check_model_name(std::string_view name) {
  if (is_blank(name)) return refused("Missing value for required parameter 'name'.");
  if (name.find('/') != std::string_view::npos || name.find(':') != std::string_view::npos)
    return refused(fmt::format("Invalid model name '{}'. Names cannot contain '/' or ':'.", name));
  if (name == "." || name == "..") return refused(fmt::format("Invalid model name '{}'. Names cannot be '.' or '..'.", name));
  return check_length("name", name, kLongestName);
}

Status check_alias(std::string_view alias) {
  if (alias.empty() || !std::ranges::all_of(alias, [](char c) { return is_word(c) || c == '-'; }))
    return refused(fmt::format("Invalid alias name: '{}'. Names may only contain alphanumerics, underscores (_), and dashes (-).", alias));
  CHECK_OK(check_length("Registered model alias name", alias, kLongestAlias));
  const auto small = lower(alias);
  if (small == "latest") return refused("'latest' alias name (case insensitive) is reserved.");
  const bool is_version = small.size() > 1 && small[0] == 'v' && std::ranges::all_of(small.substr(1), [](char c) { return c >= '0' && c <= '9'; });
  if (is_version) return refused(fmt::format("Version alias name '{}' is reserved.", alias));
  return ok();
}

Status check_registry_tag(std::string_view key, std::string_view value) {
  CHECK_OK(check_key("key", "key", key));
  return check_length("value", value, kLongestValue);
}

Result<std::string> canonical_stage(std::string_view stage) {
  constexpr std::array kStages = {std::string_view("None"), std::string_view("Staging"), std::string_view("Production"),
                                  std::string_view("Archived")};
  for (const auto known : kStages)
    if (lower(known) == lower(stage)) return std::string(known);
  return refused(fmt::format("Invalid Model Version stage: {}. Value must be one of {}.", stage, fmt::join(kStages, ", ")));
}

Result<std::int64_t> version_number(const Fields& fields) {
  TRY(const auto text, fields.required_text("version"));
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return refused(fmt::format("Parameter 'version' must be an integer, got '{}'.", text));
  return number;
}

Status check_source(std::string_view source) {
  const auto colon = source.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon > 1 && std::ranges::all_of(source.substr(0, colon), [](char c) {
                            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
                          });
  if (!has_scheme || lower(source.substr(0, colon)) == "file") return local_source(source);
  auto path = source.substr(colon + 1);
  if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
  while (path.starts_with('/')) path.remove_prefix(1);
  path = path.substr(0, path.find('?'));
  const auto clean = check_artifact_path(path);
  const auto without_slash = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  if (!clean || clean->empty() || *clean != without_slash) return bad_source(source);
  return ok();
}

}  // namespace stoker::mlflow
