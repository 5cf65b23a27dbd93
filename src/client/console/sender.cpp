#include "client/console/sender.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "client/records.hpp"
#include "io/url.hpp"

namespace stoker::client {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 1U << 20;
constexpr std::chrono::milliseconds kFirstPause = 50ms, kLongestPause = 5s;
constexpr std::chrono::seconds kBeat = 10s;

/// The server will say the same the next time.
bool is_final(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kInputTooLarge:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kForbidden:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kWrongState:
    case ErrorCode::kUnsupported: return true;
    default: return false;
  }
}

json::object to_piece(const ConsoleFrame& frame) {
  json::object piece{{"stream", frame.stream == 2 ? "stderr" : "stdout"}, {"time", format_time(frame.time)}};
  if (is_valid_utf8(frame.data)) {
    piece["text"] = frame.data;
    return piece;
  }
  std::string hex;
  for (const unsigned char byte : frame.data) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  piece["hex"] = hex;
  return piece;
}

}  // namespace

ConsoleSender::ConsoleSender(ConsoleSpool& spool, ConsoleWork work)
    : spool_(spool), work_(std::move(work)), next_beat_(std::chrono::steady_clock::now()), thread_([this] { this->work(); }) {}

ConsoleSender::~ConsoleSender() {
  if (!thread_.joinable()) return;
  finish(std::nullopt);
  thread_.join();
}

void ConsoleSender::grew() {
  const std::lock_guard lock(mutex_);
  is_awake_ = true;
  changed_.notify_all();
}

void ConsoleSender::when_delivered(std::function<void()> then) {
  const std::lock_guard lock(mutex_);
  then_ = std::move(then);
  then_at_ = spool_.size();
  is_awake_ = true;
  changed_.notify_all();
}

void ConsoleSender::finish(std::optional<json::value> end) {
  const std::lock_guard lock(mutex_);
  is_finishing_ = is_awake_ = true;
  end_ = std::move(end);
  changed_.notify_all();
}

bool ConsoleSender::join() {
  thread_.join();
  return all_delivered_;
}

void ConsoleSender::wait(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return is_awake_; });
  is_awake_ = false;
}

void ConsoleSender::work() {
  auto pause = kFirstPause;
  auto heard = std::chrono::steady_clock::now();
  for (;;) {
    const auto done = step();
    const auto now = std::chrono::steady_clock::now();
    if (done) {
      pause = kFirstPause;
      heard = now;
      if (*done == Step::kDone) break;
      if (*done == Step::kIdle) wait(work_.beats ? std::chrono::duration_cast<std::chrono::milliseconds>(std::max(next_beat_ - now, 0ns)) + 1ms : 1h);
      continue;
    }
    client_.reset();
    {
      std::unique_lock lock(mutex_);
      if (is_finishing_ && now - heard > work_.give_up_after) return;
      // What comes meanwhile does not hurry it; the end does.
      changed_.wait_for(lock, pause, [this, was = is_finishing_] { return is_finishing_ && !was; });
    }
    pause = std::min(pause * 2, kLongestPause);
  }
  all_delivered_ = true;
  work_.delivered();
}

Result<ConsoleSender::Step> ConsoleSender::step() {
  if (!client_) {
    TRY(client_, work_.connect());
  }
  // The first before all else: from then on the server watches over the run.
  if (work_.beats && std::chrono::steady_clock::now() >= next_beat_) CHECK_OK(beat());
  if (!is_delivered()) {
    CHECK_OK(send_output());
    return Step::kMore;
  }
  std::function<void()> then;
  {
    const std::lock_guard lock(mutex_);
    if (then_ && (is_refused_ || position_ >= then_at_)) then = std::exchange(then_, nullptr);
  }
  if (then) then();
  if (work_.environment && !has_environment_) {
    const json::value content = work_.environment();
    const auto target = fmt::format("/api/v1/runs/{}/environment", io::percent_encode(work_.run.text()));
    const auto told = client_->call("PUT", target, &content);
    if (!told && !is_final(told.error())) return told.error();
    has_environment_ = true;
  }
  std::optional<json::value> end;
  {
    const std::lock_guard lock(mutex_);
    if (!is_finishing_) return Step::kIdle;
    if (!is_delivered()) return Step::kMore;
    end = end_;
  }
  if (!end) return Step::kDone;
  const auto ended = post("end", *end);
  if (!ended && !is_final(ended.error())) return ended.error();
  return Step::kDone;
}

Result<json::object> ConsoleSender::post(std::string_view verb, const json::value& body) {
  return client_->call("POST", fmt::format("/api/v1/runs/{}/{}", io::percent_encode(work_.run.text()), verb), &body);
}

Status ConsoleSender::send_output() {
  const auto refuse = [this](const Error& error) -> Status {
    is_refused_ = true;
    work_.say(fmt::format("what the program writes is not kept with run {} any more: {}", work_.run.text(), error.message()));
    return ok();
  };
  if (work_.writer == 0) {
    const auto opened = post("console", json::object());
    if (!opened) return is_final(opened.error()) ? refuse(opened.error()) : Status(opened.error());
    const auto writer = static_cast<std::uint32_t>(integer_of(*opened, "writer"));
    CHECK_OK(work_.keep_writer(writer));
    work_.writer = writer;
  }
  auto position = position_;
  auto frames = spool_.read(position, kAtOnce);
  if (!frames) return refuse(frames.error());
  json::array pieces;
  std::uint64_t bytes = 0;
  for (const auto& frame : *frames) {
    bytes += frame.data.size();
    pieces.push_back(to_piece(frame));
  }
  const auto stored = post("log", json::object{{"writer", work_.writer}, {"offset", offset_}, {"pieces", std::move(pieces)}});
  if (!stored) return is_final(stored.error()) ? refuse(stored.error()) : Status(stored.error());
  position_ = position;
  offset_ += bytes;
  return ok();
}

Status ConsoleSender::beat() {
  const auto answer = post("heartbeat", json::object());
  if (!answer && !is_final(answer.error())) return answer.error();
  next_beat_ = std::chrono::steady_clock::now() + kBeat;
  if (answer && text_of(*answer, "state") == to_text(RunState::kCanceled) && work_.canceled) std::exchange(work_.canceled, nullptr)();
  return ok();
}

}  // namespace stoker::client
