#pragma once
// What a supervisor that was killed left running: found by the attempt's control groups, by the recorded processes and by the mark
// STOKER_ATTEMPT in their environment, and killed until nothing is found.

#include <optional>
#include <string>

#include "supervisor/journal/spool.hpp"

namespace stoker::supervisor {

/// Blocks until nothing is left, half a minute at most; false when something would not go (it is logged).
bool kill_leftovers(const std::string& attempt_key, const std::optional<SpoolIdentity>& identity);

/// Why an attempt without a told end is over: "the machine was restarted", "its supervisor was killed".
std::string why_lost(const std::optional<SpoolIdentity>& identity, const std::string& boot_id_now);

}  // namespace stoker::supervisor
