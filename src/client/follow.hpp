#pragma once
// Follows a run live over SSE. Lost connections and restarts of the server in between are invisible: the stream is taken up again at
// the last event's id, and events that came already are not told twice. Blocking; the sink is called on the caller's thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/client.hpp"

namespace stoker::client {

class FollowSink {
 public:
  virtual ~FollowSink() = default;
  virtual void on_log(std::string_view text) = 0;
  /// `run` is the record where the server sent one, else nullptr.
  virtual void on_state(std::string_view state, const json::object* run) {}
  virtual void on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step) {}
  virtual void on_phase(const json::object& phase) {}
  /// The connection is lost (said once) or there again.
  virtual void on_connection(bool is_there) {}
};

struct FollowOptions {
  std::string stream = "all";                   // all | stdout | stderr
  std::chrono::milliseconds patience{600'000};  // without a server, before giving up
};

/// The run's record after its end. kServerUnreachable after `patience`; what a run's token or a wrong id brings comes at once.
Result<json::object> follow(Client& client, const RunId& id, FollowSink& sink, const FollowOptions& options = {});

/// The lines of an event stream put together to events (WHATWG HTML, server-sent events).
struct SseEvent {
  std::string id, name, data;
};
class SseParser {
 public:
  /// A line without its end; gives an event at the blank line after it. Comments and unknown fields are skipped.
  std::optional<SseEvent> line(std::string_view text);

 private:
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace stoker::client
