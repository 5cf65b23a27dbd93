#pragma once
// Which names a snapshot leaves out: git's rules (gitignore(5), wildmatch), from the ignore files inside the source folder alone.
// `.amlignore` in the root replaces `.gitignore` everywhere; without it each folder's own `.amlignore`, else `.gitignore`, counts.
// `.git` is always left out. As in git, what lies in an excluded folder cannot come back in: do not descend there.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::snapshots {

/// One line of an ignore file.
struct IgnorePattern {
  std::string text;         // without `!`, the trailing `/` and what was trimmed
  std::size_t literal = 0;  // length of the part before the first special character
  bool negative = false;
  bool folders_only = false;
  bool base_name_only = false;  // no slash inside: matched against the last part of the path
  bool ends_with = false;       // `*` and then a literal
};

/// The rules of one ignore file, and those of the folders above it. Immutable; shared between threads.
class IgnoreRules {
 public:
  /// `folder` is the ignore file's folder relative to the root ("" for the root), `content` the file's bytes.
  IgnoreRules(std::shared_ptr<const IgnoreRules> above, std::string folder, std::string_view content);

  /// `path` is relative to the root, without slashes at its ends. Asks this one path: the caller has asked for the folders above it.
  bool excludes(std::string_view path, bool is_folder) const;

 private:
  const IgnorePattern* last_match(std::string_view path, std::string_view name, bool is_folder) const;
  std::shared_ptr<const IgnoreRules> above_;
  std::string folder_;
  std::vector<IgnorePattern> patterns_;
};

/// Blank lines and comments are not in it.
std::vector<IgnorePattern> parse_ignore_file(std::string_view content);

/// git's wildmatch(3): `?`, `*`, `[…]`, `\`; with `path_mode` (WM_PATHNAME) only `**` crosses a slash.
bool wildmatch(std::string_view pattern, std::string_view text, bool path_mode);

}  // namespace stoker::snapshots
