#pragma once
// A map of text to text as JSON in one column: tags of workspaces and experiments. Private to catalog/.

#include <map>
#include <string>
#include <string_view>

namespace stoker::catalog {

std::map<std::string, std::string> labels_from_text(std::string_view text);
std::string labels_to_text(const std::map<std::string, std::string>& labels);

}  // namespace stoker::catalog
