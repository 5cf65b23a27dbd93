#pragma once
// LIKE and ILIKE as MLflow means them: `%` any run of characters, `_` any one, no escape, the whole text.

#include <string_view>

namespace stoker::search {

/// UTF-8. `ignore_case`: letters of ASCII, Latin, Greek and Cyrillic.
bool is_like(std::string_view text, std::string_view pattern, bool ignore_case);

}  // namespace stoker::search
