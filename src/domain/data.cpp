#include "domain/data.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "domain/names.hpp"

namespace stoker {
namespace {

constexpr std::size_t kMaxBindings = 1000;
constexpr std::size_t kMaxPaths = 100'000;
constexpr std::size_t kMaxOptions = 64U << 10;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::optional<DataRole> role_from_text(std::string_view text) {
  for (const auto role : {DataRole::kReference, DataRole::kInput, DataRole::kOutput})
    if (text == to_text(role)) return role;
  return std::nullopt;
}
std::optional<DataMode> mode_from_text(std::string_view text) {
  for (const auto mode : {DataMode::kDirect, DataMode::kMount, DataMode::kDownload, DataMode::kUpload})
    if (text == to_text(mode)) return mode;
  return std::nullopt;
}

bool allows(DataRole role, DataMode mode) {
  switch (role) {
    case DataRole::kReference: return mode != DataMode::kDirect;
    case DataRole::kInput: return mode != DataMode::kUpload;
    case DataRole::kOutput: return mode == DataMode::kMount || mode == DataMode::kUpload;
  }
  return false;
}
std::string_view allowed_modes(DataRole role) {
  if (role == DataRole::kReference) return "mount, download or upload";
  return role == DataRole::kInput ? "direct, mount or download" : "mount or upload";
}

/// Of a path below a folder; `/a/b/` and `a/b` are the same.
std::string trimmed(std::string path) {
  while (path.starts_with("./") || path.starts_with('/')) path.erase(0, path.starts_with('/') ? 1 : 2);
  while (path.ends_with('/')) path.pop_back();
  return path == "." ? "" : path;
}

/// What is wrong with a path below a folder; empty when nothing is.
std::string wrong_path(std::string_view path) {
  if (path.size() > 4096) return "is longer than 4096 bytes";
  if (path.find('\0') != std::string_view::npos || path.find('\\') != std::string_view::npos) return "holds a NUL or a backslash";
  if (!is_valid_utf8(path)) return "is not UTF-8";
  for (std::size_t at = 0; !path.empty() && at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return fmt::format("has a part \"{}\"", part);
    if (part.size() > 255) return "has a part that is longer than 255 bytes";
    at = slash + 1;
  }
  return {};
}

std::string read_path(FieldReader& fields, std::string_view name) {
  auto path = trimmed(fields.text(name, ""));
  if (const auto wrong = wrong_path(path); !wrong.empty()) fields.mistake(name, wrong);
  return path;
}

void check_name(const DataBinding& binding, FieldReader& fields) {
  const auto& name = binding.name;
  const bool plain = !name.empty() && name.size() <= 255 && std::ranges::all_of(name, is_word);
  if (!plain) return fields.mistake("name", fmt::format("\"{}\" cannot be part of a variable: 1 to 255 letters, digits or '_'", to_valid_utf8(name)));
  if (binding.role != DataRole::kReference && std::isdigit(static_cast<unsigned char>(name.front())) != 0)
    fields.mistake("name", fmt::format("\"{}\" is a variable's name and cannot begin with a digit", name));
}

void check_compute_path(DataBinding& binding, FieldReader& fields) {
  auto& path = binding.path_on_compute;
  if (path.empty()) return;
  const bool absolute = path.starts_with('/');
  auto below = trimmed(path);
  auto wrong = wrong_path(below);
  if (below.empty()) wrong = "names no folder of its own";
  if (!wrong.empty()) return fields.mistake("path_on_compute", wrong);
  path = absolute ? "/" + below : below;
}

std::optional<DataRegistration> read_registration(const json::value* value, const std::string& path, std::vector<Mistake>& mistakes) {
  if (value == nullptr) return std::nullopt;
  DataRegistration registration;
  FieldReader fields(*value, path, mistakes);
  registration.name = fields.text("name");
  registration.description = fields.text("description", "");
  registration.tags = fields.text_map("tags");
  if (const auto good = check_dataset_name(registration.name); !good) fields.mistake("name", good.error().message());
  for (const auto& [key, tag] : registration.tags)
    if (const auto good = check_tag(key, tag); !good) fields.mistake("tags", good.error().message());
  return registration;
}

void check_binding(const DataBinding& binding, FieldReader& fields) {
  if (!allows(binding.role, binding.mode))
    fields.mistake("mode", fmt::format("an {} has the mode {}", binding.role == DataRole::kReference ? "data reference" : to_text(binding.role),
                                       allowed_modes(binding.role)));
  const bool is_input = binding.role == DataRole::kInput;
  if (is_input && binding.dataset.empty()) fields.mistake("dataset", "is missing");
  if (!is_input && !binding.dataset.empty()) fields.mistake("dataset", "belongs to an input");
  if (is_input && (!binding.datastore.empty() || !binding.path.empty())) fields.mistake("datastore", "belongs to references and outputs");
  if (binding.role != DataRole::kOutput && binding.registration) fields.mistake("registration", "belongs to an output");
  if (binding.mode == DataMode::kUpload && binding.role == DataRole::kReference && binding.path.empty() && binding.path_on_compute.empty())
    fields.mistake("path", "say where in the datastore it goes, or path_on_compute");
  if (!binding.variable.empty() &&
      (!std::ranges::all_of(binding.variable, is_word) || std::isdigit(static_cast<unsigned char>(binding.variable[0])) != 0))
    fields.mistake("variable", fmt::format("\"{}\" is not a variable's name", to_valid_utf8(binding.variable)));
}

DataBinding read_binding(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  DataBinding binding;
  FieldReader fields(value, path, mistakes);
  const auto role = role_from_text(fields.text("role"));
  if (!role) fields.mistake("role", "must be reference, input or output");
  const auto mode = mode_from_text(fields.text("mode"));
  if (!mode) fields.mistake("mode", "must be direct, mount, download or upload");
  binding.role = role.value_or(DataRole::kInput);
  binding.mode = mode.value_or(DataMode::kMount);
  binding.name = fields.text("name");
  binding.datastore = fields.text("datastore", "");
  binding.path = read_path(fields, "path");
  binding.dataset = fields.text("dataset", "");
  binding.variable = fields.text("variable", "");
  binding.path_on_compute = fields.text("path_on_compute", "");
  binding.overwrite = fields.boolean("overwrite", false);
  binding.source_globs = fields.texts("source_globs");
  binding.registration = read_registration(fields.child("registration"), fields.path_of("registration"), mistakes);
  check_name(binding, fields);
  check_compute_path(binding, fields);
  if (role && mode) check_binding(binding, fields);
  return binding;
}

DataPath read_data_path(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  DataPath found;
  FieldReader fields(value, path, mistakes);
  found.url = fields.text("url", "");
  found.datastore = fields.text("datastore", "");
  found.path = read_path(fields, "path");
  if (found.url.empty() == found.datastore.empty()) fields.mistake("datastore", "give a datastore with a path, or a url");
  if (!found.url.empty() && !found.url.starts_with("http://") && !found.url.starts_with("https://"))
    fields.mistake("url", "must begin with http:// or https://");
  if (!found.url.empty() && !found.path.empty()) fields.mistake("path", "belongs to a datastore");
  return found;
}

}  // namespace

std::string_view to_text(DataRole role) {
  if (role == DataRole::kReference) return "reference";
  return role == DataRole::kInput ? "input" : "output";
}
std::string_view to_text(DataMode mode) {
  if (mode == DataMode::kDirect) return "direct";
  if (mode == DataMode::kMount) return "mount";
  return mode == DataMode::kDownload ? "download" : "upload";
}

std::vector<std::string> variables_of(const DataBinding& binding) {
  std::vector<std::string> names{"AZUREML_DATAREFERENCE_" + binding.name};
  if (binding.role == DataRole::kReference) return names;
  names.push_back(binding.variable.empty() ? binding.name : binding.variable);
  names.push_back((binding.role == DataRole::kInput ? "AZURE_ML_INPUT_" : "AZURE_ML_OUTPUT_") + binding.name);
  return names;
}

std::string placeholder_of(const DataBinding& binding) {
  if (binding.role == DataRole::kReference) return {};
  return (binding.role == DataRole::kInput ? "DatasetConsumptionConfig:" : "DatasetOutputConfig:") + binding.name;
}

std::string expand_destination(std::string path, std::string_view run, std::string_view output) {
  const auto replace = [&](std::string_view what, std::string_view with) {
    for (auto at = path.find(what); at != std::string::npos; at = path.find(what, at + with.size())) path.replace(at, what.size(), with);
  };
  replace("{run-id}", run);
  replace("{output-name}", output);
  return path;
}

std::vector<DataBinding> read_data_bindings(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  std::vector<DataBinding> bindings;
  if (!value.is_array()) {
    mistakes.push_back({path, "must be a list"});
    return bindings;
  }
  const auto& list = value.get_array();
  if (list.size() > kMaxBindings) {
    mistakes.push_back({path, fmt::format("has {} entries, at most {} are allowed", list.size(), kMaxBindings)});
    return bindings;
  }
  for (std::size_t i = 0; i < list.size(); ++i) bindings.push_back(read_binding(list[i], fmt::format("{}[{}]", path, i), mistakes));
  return bindings;
}

void check_data_clashes(const std::vector<DataBinding>& bindings, const std::map<std::string, std::string>& taken, const std::string& path,
                        std::vector<Mistake>& mistakes) {
  std::map<std::string, std::string> owners;
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    const auto& binding = bindings[i];
    const auto at = fmt::format("{}[{}].name", path, i);
    for (const auto& variable : variables_of(binding)) {
      const auto [owner, is_new] = owners.emplace(variable, binding.name);
      if (!is_new && owner->second == binding.name && variable.starts_with("AZUREML_DATAREFERENCE_")) {
        mistakes.push_back({at, fmt::format("the name \"{}\" is given twice", binding.name)});
        break;
      }
      if (!is_new && owner->second != binding.name)
        mistakes.push_back({at, fmt::format("\"{}\" and \"{}\" both set the variable {}", owner->second, binding.name, variable)});
      if (taken.contains(variable)) mistakes.push_back({at, fmt::format("\"{}\" would hide the run's own variable {}", binding.name, variable)});
    }
  }
}

json::object to_json(const DataBinding& binding) {
  json::object body;
  body["role"] = to_text(binding.role);
  body["name"] = binding.name;
  body["mode"] = to_text(binding.mode);
  body["datastore"] = binding.datastore;
  body["path"] = binding.path;
  body["dataset"] = binding.dataset;
  body["variable"] = binding.variable;
  body["path_on_compute"] = binding.path_on_compute;
  body["overwrite"] = binding.overwrite;
  body["source_globs"] = json::value_from(binding.source_globs);
  body["registration"] = nullptr;
  if (binding.registration) {
    const auto& registration = *binding.registration;
    body["registration"] = {{"name", registration.name}, {"description", registration.description}, {"tags", to_json(registration.tags)}};
  }
  return body;
}

json::array to_json(const std::vector<DataBinding>& bindings) {
  json::array list;
  for (const auto& binding : bindings) list.push_back(to_json(binding));
  return list;
}

DatasetDefinition read_dataset_definition(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  DatasetDefinition definition;
  FieldReader fields(value, path, mistakes);
  const auto kind = fields.text("kind");
  if (kind != "file" && kind != "tabular") fields.mistake("kind", "must be file or tabular");
  definition.is_tabular = kind == "tabular";
  const auto* paths = fields.child("paths");
  if (paths == nullptr || !paths->is_array() || paths->get_array().empty() || paths->get_array().size() > kMaxPaths) {
    fields.mistake("paths", fmt::format("must be a list of 1 to {} paths", kMaxPaths));
  } else {
    const auto& list = paths->get_array();
    for (std::size_t i = 0; i < list.size(); ++i)
      definition.paths.push_back(read_data_path(list[i], fmt::format("{}[{}]", fields.path_of("paths"), i), mistakes));
  }
  if (const auto* options = fields.child("options"); options != nullptr) {
    if (!options->is_object()) fields.mistake("options", "must be an object");
    else definition.options = options->get_object();
    if (json::serialize(*options).size() > kMaxOptions) fields.mistake("options", "are larger than 64 KiB");
  }
  return definition;
}

json::object to_json(const DatasetDefinition& definition) {
  json::array paths;
  for (const auto& path : definition.paths) {
    json::object one;
    one["datastore"] = path.datastore;
    one["path"] = path.path;
    one["url"] = path.url;
    paths.push_back(std::move(one));
  }
  json::object body;
  body["kind"] = definition.is_tabular ? "tabular" : "file";
  body["paths"] = std::move(paths);
  body["options"] = definition.options;
  return body;
}

// A dataset may list ten thousand files of one datastore: its folder is written once.
json::object to_json(const DataPlan& plan) {
  json::object roots;
  json::array paths;
  for (const auto& source : plan.sources) {
    roots[source.datastore] = source.root;
    paths.push_back(json::array{json::value(source.datastore), json::value(source.path)});
  }
  json::object body;
  body["binding"] = to_json(plan.binding);
  body["roots"] = std::move(roots);
  body["paths"] = std::move(paths);
  return body;
}

DataPlan read_data_plan(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  DataPlan plan;
  FieldReader fields(value, path, mistakes);
  if (const auto* binding = fields.child("binding"); binding != nullptr) plan.binding = read_binding(*binding, fields.path_of("binding"), mistakes);
  else fields.mistake("binding", "is missing");
  const auto roots = fields.text_map("roots");
  const auto* paths = fields.child("paths");
  if (paths == nullptr || !paths->is_array()) {
    fields.mistake("paths", "must be a list");
    return plan;
  }
  for (const auto& item : paths->get_array()) {
    const auto* pair = item.if_array();
    const bool good = pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string();
    const auto root = good ? roots.find(std::string((*pair)[0].get_string())) : roots.end();
    if (root == roots.end()) fields.mistake("paths", "must be pairs of a datastore in `roots` and a path");
    else plan.sources.push_back({root->first, root->second, std::string((*pair)[1].get_string())});
  }
  return plan;
}

Status check_dataset_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= 255 && is_valid_utf8(name) && name.find('/') == std::string_view::npos &&
                    std::ranges::none_of(name, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; });
  if (good) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a name for a dataset", to_valid_utf8(name.substr(0, 300))))
      .hint("1 to 255 characters, no slash and no control characters");
}

Status check_datastore_name(std::string_view name) {
  if (name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, is_word)) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a name for a datastore", to_valid_utf8(name.substr(0, 300))))
      .hint("3 to 255 letters, digits or '_'");
}

}  // namespace stoker
