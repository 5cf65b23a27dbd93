#include "client/follow.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "client/records.hpp"
#include "io/url.hpp"

namespace stoker::client {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};

/// What a server that restarts, or a cut cable, looks like. Everything else is an answer.
bool is_passing(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kServerUnreachable:
    case ErrorCode::kServerStart:
    case ErrorCode::kTimeout:
    case ErrorCode::kProtocol:
    case ErrorCode::kIo:
    case ErrorCode::kDataBusy:
    case ErrorCode::kOverloaded: return true;
    default: return error.is_retryable();
  }
}

class Following {
 public:
  Following(FollowSink& sink) : sink_(sink) {}

  Status take(std::string_view line) {
    auto event = parser_.line(line);
    if (!event) return ok();
    if (!is_connected_) {
      is_connected_ = true;
      sink_.on_connection(true);
    }
    has_moved_ = true;
    TRY(const auto data, event->data.empty() ? Result<json::value>(json::object{}) : parse_json(event->data));
    if (!data.is_object()) return Error(ErrorCode::kProtocol, fmt::format("the event \"{}\" of the run is not a record", event->name));
    tell(event->name, data.get_object());
    if (!event->id.empty()) last_id_ = std::move(event->id);
    return ok();
  }

  void lost() {
    if (is_connected_) sink_.on_connection(false);
    is_connected_ = false;
    parser_ = {};
  }

  const std::string& last_id() const { return last_id_; }
  bool take_progress() { return std::exchange(has_moved_, false); }
  std::optional<json::object>& end() { return end_; }

 private:
  void tell(const std::string& name, const json::object& data) {
    if (name == "log") sink_.on_log(text_of(data, "text"));
    else if (name == "state") tell_state(data);
    else if (name == "metric") tell_metric(data);
    else if (name == "phase") sink_.on_phase(data);
    else if (name == "end") end_ = data.contains("run") ? object_of(data, "run") : data;
  }

  void tell_state(const json::object& data) {
    const auto& run = object_of(data, "run");
    sink_.on_state(text_of(data, "state"), run.empty() ? nullptr : &run);
  }

  void tell_metric(const json::object& data) {
    const auto* value = data.if_contains("value");
    const auto step = is_set(data, "step") ? std::optional(integer_of(data, "step")) : std::nullopt;
    if (value != nullptr) sink_.on_metric(text_of(data, "name"), *value, step);
  }

  FollowSink& sink_;
  SseParser parser_;
  std::string last_id_;
  bool is_connected_ = true;
  bool has_moved_ = false;
  std::optional<json::object> end_;
};

}  // namespace

std::optional<SseEvent> SseParser::line(std::string_view text) {
  if (text.empty()) {
    SseEvent done = std::exchange(event_, {});
    const bool is_event = std::exchange(has_data_, false);
    if (!is_event) return std::nullopt;
    if (done.name.empty()) done.name = "message";
    return done;
  }
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.name = value;
  } else if (field == "id") {
    event_.id = value;
  }
  return std::nullopt;
}

Result<json::object> follow(Client& client, const RunId& id, FollowSink& sink, const FollowOptions& options) {
  auto target = fmt::format("/api/v1/runs/{}/follow", io::percent_encode(id.text()));
  if (options.stream != "all") target += "?stream=" + io::percent_encode(options.stream);
  Following following(sink);
  auto pause = kFirstPause;
  auto last_seen = Clock::now();
  for (;;) {
    Headers headers;
    if (!following.last_id().empty()) headers.emplace_back("Last-Event-ID", following.last_id());
    const auto status = client.stream_lines(target, headers, [&](std::string_view line) { return following.take(line); });
    if (following.end()) return std::move(*following.end());
    if (!status && !is_passing(status.error())) return status.error();
    following.lost();
    if (following.take_progress()) {
      last_seen = Clock::now();
      pause = kFirstPause;
    }
    if (Clock::now() - last_seen > options.patience) {
      return Error(ErrorCode::kServerUnreachable, fmt::format("lost the server while following run {}", id.text()))
          .because("it did not come back within the time given")
          .hint(fmt::format("the run goes on; `stoker run logs -f {}` follows it again", id.text()));
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
    if (const auto renewed = client.renew(); !renewed && !is_passing(renewed.error())) return renewed.error();
  }
}

}  // namespace stoker::client
