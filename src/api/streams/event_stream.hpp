#pragma once
// Server-sent events (WHATWG HTML 9.2) of a run: their text, the ids from which a lost stream goes on, and output made fit for JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace stoker::api {

/// How far a follower is: `<log offset>.<event seq>.<metric count>`.
struct FollowPosition {
  std::uint64_t log_offset = 0;
  std::int64_t event_seq = 0;
  std::uint64_t metric_count = 0;
  friend bool operator==(const FollowPosition&, const FollowPosition&) = default;
};
std::string to_text(const FollowPosition& position);
/// nullopt for anything that to_text would not have written.
std::optional<FollowPosition> parse_position(std::string_view text);

/// Appends `event: name`, `id: …`, `data: …` and the blank line. `data` has no line end (JSON has none).
void append_event(std::string& out, std::string_view name, const FollowPosition& position, std::string_view data);

/// How many bytes at the front of `bytes` can be shown now: a character that is cut off at the end waits for its rest, unless nothing
/// will follow (`is_last`) or it can be none.
std::size_t showable(std::string_view bytes, bool is_last);

}  // namespace stoker::api
