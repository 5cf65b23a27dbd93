#include "api/streams/follower.hpp"

#include <algorithm>

#include "api/handlers/run_log.hpp"
#include "api/handlers/run_metrics.hpp"
#include "catalog/events.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kPiece = 64U << 10;
constexpr std::size_t kMostPoints = 500;
/// While output streams, the catalog is asked at most so often; without output at once.
constexpr auto kLookPause = std::chrono::milliseconds(50);

bool is_same(const Phase& a, const Phase& b) { return a.name == b.name && a.started_at == b.started_at && a.ended_at == b.ended_at; }

}  // namespace

struct Follower::Output {
  std::string bytes;
  std::vector<MetricPoint> points;
};

struct Follower::Look {
  Run run;
  std::vector<catalog::RunEvent> events;
};

Follower::Follower(const Services& services, const HttpLimits& limits, RunId run, int stream, FollowPosition position, bool resumes)
    : services_(services), limits_(limits), run_(std::move(run)), stream_(stream), position_(position), resumes_(resumes) {}

io::Task<Status> Follower::follow(ReplySink& sink) {
  const auto topic = services_.runs.feed().of(run_);
  CO_CHECK_OK(co_await sink.write("retry: 1000\n\n"));
  // The catalog first: every id that follows carries an event's number, so that a stream that is taken up again repeats no state.
  CO_CHECK_OK(co_await look(sink));
  auto look_at = io::in(kLookPause);
  auto beat_at = io::in(limits_.heartbeat);
  for (;;) {
    const auto seen = topic->version();
    ended_before_ = is_over_;
    CO_TRY(const bool progress, co_await send_output(sink));
    if (ended_before_ && !progress) {
      std::string out;
      append_event(out, "end", position_, end_data_);
      co_return co_await sink.write(out);
    }
    bool news = progress;
    const auto now = std::chrono::steady_clock::now();
    if (!is_over_ && (!progress || now >= look_at)) {
      CO_TRY(const bool told, co_await look(sink));
      look_at = io::in(kLookPause);
      news = news || told;
    }
    if (news || is_over_) {
      beat_at = io::in(limits_.heartbeat);
      continue;
    }
    if (co_await topic->changed(seen, beat_at)) continue;
    beat_at = io::in(limits_.heartbeat);
    if (sink.is_gone()) co_return ok();
    CO_CHECK_OK(co_await sink.write(": beat\n\n"));
  }
}

Result<Follower::Output> Follower::read_output() const {
  Output output;
  TRY(output.bytes, services_.logs.read(run_, position_.log_offset, kPiece, stream_));
  TRY(output.points, services_.metrics.tail(run_, position_.metric_count, kMostPoints));
  return output;
}

// True when something was sent: there may be more.
io::Task<Result<bool>> Follower::send_output(ReplySink& sink) {
  auto work = [this] { return read_output(); };
  CO_TRY(const auto output, co_await io::blocking(services_.pool, work));
  std::string out;
  append_log(out, output.bytes);
  append_metrics(out, output.points);
  if (out.empty()) co_return false;
  CO_CHECK_OK(co_await sink.write(out));
  co_return true;
}

void Follower::append_log(std::string& out, std::string_view bytes) {
  const bool is_last = ended_before_ && bytes.size() < kPiece;
  const auto shown = bytes.substr(0, showable(bytes, is_last));
  if (shown.empty()) return;
  position_.log_offset += shown.size();
  append_event(out, "log", position_, json::serialize(json::object{{"text", to_valid_utf8(shown)}}));
}

void Follower::append_metrics(std::string& out, const std::vector<MetricPoint>& points) {
  for (const auto& point : points) {
    ++position_.metric_count;
    json::object data{{"name", to_valid_utf8(point.name)}};
    if (point.values.size() == 1) data["value"] = metric_json(point.values[0]);
    else {
      json::array values;
      for (const auto& value : point.values) values.push_back(metric_json(value));
      data["value"] = std::move(values);
    }
    data["step"] = json_or_null(point.step);
    data["time"] = format_time(point.time);
    append_event(out, "metric", position_, json::serialize(data));
  }
}

// What the catalog has new. True when something was told.
io::Task<Result<bool>> Follower::look(ReplySink& sink) {
  auto read = [run = run_, after = position_.event_seq](db::Connection& connection) -> Result<Look> {
    Look look;
    TRY(look.run, catalog::find_run(connection, run));
    TRY(look.events, catalog::list_events(connection, run, after));
    return look;
  };
  CO_TRY(const auto look, co_await services_.catalog.read(std::move(read)));
  std::string out;
  append_states(out, look);
  append_phases(out, look.run);
  is_first_look_ = false;
  is_over_ = is_terminal(look.run.state);
  if (is_over_) end_data_ = json::serialize(to_json(look.run));
  if (out.empty()) co_return false;
  CO_CHECK_OK(co_await sink.write(out));
  co_return true;
}

// A new follower is told the present state; one that is there, or comes back, every state that it has not heard.
void Follower::append_states(std::string& out, const Look& look) {
  if (!look.events.empty()) position_.event_seq = look.events.back().seq;
  const auto tell = [&](std::string_view state, bool is_present) {
    json::object data{{"state", state}, {"run", nullptr}};
    if (is_present) data["run"] = to_json(look.run);
    append_event(out, "state", position_, json::serialize(data));
  };
  if (is_first_look_ && !resumes_) return tell(to_text(look.run.state), true);
  const auto states = [](const catalog::RunEvent& event) {
    return event.kind == "state" && event.data.is_object() && event.data.get_object().contains("to");
  };
  auto last = std::ranges::find_if(look.events.rbegin(), look.events.rend(), states);
  if (last == look.events.rend()) return;
  for (const auto& event : look.events) {
    if (!states(event)) continue;
    const auto* state = event.data.get_object().at("to").if_string();
    if (state != nullptr) tell(*state, &event == &*last);
  }
}

void Follower::append_phases(std::string& out, const Run& run) {
  const bool tell = !(is_first_look_ && resumes_);
  for (const auto& phase : run.phases) {
    const bool known = std::ranges::any_of(told_phases_, [&](const Phase& told) { return is_same(told, phase); });
    if (known || !tell) continue;
    const json::object data{{"name", phase.name}, {"started_at", format_time(phase.started_at)}, {"ended_at", json_or_null(phase.ended_at)}};
    append_event(out, "phase", position_, json::serialize(data));
  }
  told_phases_ = run.phases;
}

}  // namespace stoker::api
