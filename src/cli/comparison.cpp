#include "cli/comparison.hpp"

#include <cctype>

#include <fmt/format.h>

#include "cli/output/metrics_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

using client::array_of;
using client::object_of;
using client::shown;

/// `-0.5` is a value, `-v` is not.
bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0 && word[1] != '.';
}

void add_words(const json::array& list, std::size_t skip, std::map<std::string, std::string>& to) {
  std::vector<std::string> words;
  for (const auto& word : list) words.push_back(shown(word));
  int operands = 0;
  for (std::size_t i = skip; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    if (!is_option(words[i])) to[fmt::format("argument {}", ++operands)] = words[i];
    else if (equals != std::string::npos) to[words[i].substr(0, equals)] = words[i].substr(equals + 1);
    else if (i + 1 < words.size() && !is_option(words[i + 1])) to[words[i]] = words[i + 1], ++i;
    else to[words[i]] = "given";
  }
}

void add_all(const std::string& prefix, const json::object& map, std::map<std::string, std::string>& to) {
  for (const auto& pair : map) to[prefix + std::string(pair.key())] = shown(pair.value());
}

}  // namespace

std::map<std::string, std::string> parameters_of(const json::object& run) {
  const auto& spec = object_of(run, "spec");
  std::map<std::string, std::string> found;
  for (const auto* field : {"script", "command", "target"}) {
    if (auto text = client::text_of(spec, field); !text.empty()) found[field] = std::move(text);
  }
  const auto& argv = array_of(spec, "argv");
  if (!argv.empty()) found["program"] = shown(argv[0]);
  add_words(argv, 1, found);
  add_words(array_of(spec, "arguments"), 0, found);
  return found;
}

std::map<std::string, std::string> environment_of(const json::object& run) {
  const auto& spec = object_of(run, "spec");
  const auto& environment = object_of(spec, "environment");
  std::map<std::string, std::string> found;
  found["kind"] = client::text_of(environment, "kind");
  add_all("", object_of(environment, "settings"), found);
  add_all("resources.", object_of(spec, "resources"), found);
  add_all("$", object_of(spec, "inherited"), found);
  add_all("$", object_of(environment, "variables"), found);
  add_all("$", object_of(spec, "environment_variables"), found);
  const auto& properties = object_of(run, "properties");
  if (auto commit = client::text_of(properties, "azureml.git.commit"); !commit.empty()) found["git commit"] = std::move(commit);
  return found;
}

std::map<std::string, std::string> found_environment(const std::optional<json::object>& record) {
  std::map<std::string, std::string> found;
  if (!record) return found;
  for (const auto& [name, field] : {std::pair("interpreter found", "interpreter"),
                                    {"interpreter version", "version"},
                                    {"host", "host"},
                                    {"user", "user"},
                                    {"platform", "platform"}}) {
    if (auto text = client::text_of(*record, field); !text.empty()) found[name] = std::move(text);
  }
  for (const auto& package : array_of(*record, "packages")) {
    if (package.is_object()) found["package " + client::text_of(package.get_object(), "name")] = client::text_of(package.get_object(), "version");
  }
  return found;
}

std::map<std::string, std::string> latest_values(const json::object& metrics) {
  std::map<std::string, std::string> found;
  for (const auto& metric : read_metrics(metrics)) found[metric.name] = metric.last.empty() ? fmt::format("{} rows", metric.count) : metric.last;
  return found;
}

std::vector<Change> changes(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
  std::vector<Change> list;
  for (const auto& [name, value] : a) {
    const auto other = b.find(name);
    if (other == b.end()) list.push_back({name, value, ""});
    else if (other->second != value) list.push_back({name, value, other->second});
  }
  for (const auto& [name, value] : b) {
    if (!a.contains(name)) list.push_back({name, "", value});
  }
  return list;
}

json::array to_json(const std::vector<Change>& list) {
  json::array array;
  for (const auto& change : list) array.push_back({{"name", change.name}, {"a", change.a}, {"b", change.b}});
  return array;
}

}  // namespace stoker::cli
