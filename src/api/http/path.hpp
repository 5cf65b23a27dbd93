#pragma once
// From the bytes of a request target to names: the one place where percent-encoding is undone, exactly once, before any handler
// sees a name. Refused: NUL, encoded slashes, backslashes, `.` and `..`, empty parts, bytes that are not UTF-8 (overlong forms included).
// What was encoded twice stays a name with a % in it; nothing decodes it again.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace stoker::api {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Target {
  std::vector<std::string> segments;  // decoded; empty for "/"
  Query query;                        // decoded, in order
};

/// kInvalidInput says what is wrong; the message never repeats raw bytes.
Result<Target> parse_target(std::string_view text);

/// What stands behind the question mark; kInvalidInput as above.
Result<Query> parse_query(std::string_view text);

/// `%41` → `A`; kInvalidInput for a broken escape, NUL or bytes that are not UTF-8. `plus_is_space`: as in queries.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace stoker::api
