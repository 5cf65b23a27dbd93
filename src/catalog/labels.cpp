#include "catalog/labels.hpp"

#include "base/json.hpp"

namespace stoker::catalog {

std::map<std::string, std::string> labels_from_text(std::string_view text) {
  std::map<std::string, std::string> labels;
  boost::system::error_code failure;
  const auto value = json::parse(text, failure);
  if (failure || !value.is_object()) return labels;
  for (const auto& [key, item] : value.get_object()) {
    if (item.is_string()) labels[std::string(key)] = std::string(item.get_string());
  }
  return labels;
}

std::string labels_to_text(const std::map<std::string, std::string>& labels) { return json::serialize(to_json(labels)); }

}  // namespace stoker::catalog
