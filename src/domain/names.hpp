#pragma once
// The rules for names that users give, and the making of ids. Azure ML SDK v1's rules (spec 1, 2, 17).

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "domain/ids.hpp"

namespace stoker {

/// 2 to 32 letters, digits, `-`, `_`; begins with a letter or digit.
Status check_workspace_name(std::string_view name);
/// 1 to 255 letters, digits, `-`, `_`; begins with a letter or digit.
Status check_experiment_name(std::string_view name);
/// 1 to 256 letters, digits, `-`, `_`; begins with a letter or digit. For an id that a user gives.
Status check_run_id(std::string_view id);
/// Keys of tags and properties: 1 to 100 characters; values at most 1000.
Status check_tag(std::string_view key, std::string_view value);

/// The name of a variable whose value must not be shown or passed on: TOKEN, SECRET, PASSWORD, …_KEY and their like.
bool looks_secret(std::string_view name);

/// `<experiment>_<epoch seconds>_<8 hex>`; the experiment's part is cut so that the whole stays within 256.
RunId new_run_id(std::string_view experiment, Time now, Random& random);
/// `calm_badger_x7k2p9q1`: Azure ML's adjective_noun_suffix.
std::string new_display_name(Random& random);

}  // namespace stoker
