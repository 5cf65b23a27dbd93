// The parse and the order of evaluation follow git's dir.c (parse_path_pattern, match_basename, match_pathname).

#include "snapshots/source/ignore.hpp"

#include <algorithm>

namespace stoker::snapshots {
namespace {

std::size_t literal_length(std::string_view text) { return std::min(text.find_first_of("*?[\\"), text.size()); }

/// Trailing blanks go unless a backslash stands before them; other white space stays.
std::string_view trim_trailing_spaces(std::string_view line) {
  std::size_t keep = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      if (++i == line.size()) return line;
      keep = i + 1;
    } else if (line[i] != ' ') {
      keep = i + 1;
    }
  }
  return line.substr(0, keep);
}

IgnorePattern parse_pattern(std::string_view line) {
  IgnorePattern pattern;
  if (line.starts_with('!')) {
    pattern.negative = true;
    line.remove_prefix(1);
  }
  const std::string_view whole = line;
  if (line.ends_with('/')) {
    pattern.folders_only = true;
    line.remove_suffix(1);
  }
  pattern.base_name_only = line.find('/') == std::string_view::npos;
  pattern.literal = std::min(literal_length(whole), line.size());
  pattern.ends_with = whole.starts_with('*') && literal_length(whole.substr(1)) == whole.size() - 1;
  pattern.text = std::string(line);
  return pattern;
}

bool matches_name(const IgnorePattern& pattern, std::string_view name) {
  if (pattern.literal == pattern.text.size()) return pattern.text == name;
  if (pattern.ends_with) return name.ends_with(std::string_view(pattern.text).substr(1));
  return wildmatch(pattern.text, name, false);
}

/// `path` is relative to the ignore file's folder.
bool matches_path(const IgnorePattern& pattern, std::string_view path) {
  std::string_view text = pattern.text;
  std::size_t literal = pattern.literal;
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    --literal;
  }
  if (literal > 0) {
    if (!path.starts_with(text.substr(0, literal))) return false;
    path.remove_prefix(literal);
    text.remove_prefix(literal);
    if (text.empty() && path.empty()) return true;
  }
  return wildmatch(text, path, true);
}

}  // namespace

std::vector<IgnorePattern> parse_ignore_file(std::string_view content) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  std::vector<IgnorePattern> patterns;
  while (!content.empty()) {
    std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(content.size(), line.size() + 1));
    if (line.empty() || line.starts_with('#')) continue;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim_trailing_spaces(line.substr(0, line.find('\0')));
    if (IgnorePattern pattern = parse_pattern(line); !pattern.text.empty()) patterns.push_back(std::move(pattern));
  }
  return patterns;
}

IgnoreRules::IgnoreRules(std::shared_ptr<const IgnoreRules> above, std::string folder, std::string_view content)
    : above_(std::move(above)), folder_(std::move(folder)), patterns_(parse_ignore_file(content)) {}

const IgnorePattern* IgnoreRules::last_match(std::string_view path, std::string_view name, bool is_folder) const {
  if (!folder_.empty()) path.remove_prefix(folder_.size() + 1);
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->folders_only && !is_folder) continue;
    if (pattern->base_name_only ? matches_name(*pattern, name) : matches_path(*pattern, path)) return &*pattern;
  }
  return nullptr;
}

bool IgnoreRules::excludes(std::string_view path, bool is_folder) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const IgnoreRules* rules = this; rules != nullptr; rules = rules->above_.get()) {
    if (const IgnorePattern* pattern = rules->last_match(path, name, is_folder)) return !pattern->negative;
  }
  return false;
}

}  // namespace stoker::snapshots
