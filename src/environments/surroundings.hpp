#pragma once
// Where a run runs: host, user and platform, for the record of its environment.

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace stoker::environments {

/// Adds `host`, `user` and `platform` ("Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x86_64"). `user` empty: its number is told.
void add_surroundings(json::object& environment, const std::string& user);

/// The value of `name` in the text of /etc/os-release, without quotes; empty when it is not there. Pure.
std::string os_release_value(std::string_view text, std::string_view name);

}  // namespace stoker::environments
