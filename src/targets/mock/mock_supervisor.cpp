#include "targets/mock/mock_supervisor.hpp"

#include <fmt/format.h>

namespace stoker::targets {
namespace {

using namespace protocol;

std::string play_of(const StartMessage& start) {
  const auto at = start.spec.environment_variables.find("STOKER_MOCK");
  return at == start.spec.environment_variables.end() ? "success" : at->second;
}

constexpr std::chrono::milliseconds kBackOff{5};

Time now() { return SystemClock().now(); }

RunEnd exited(std::int64_t code) {
  return {.reason = EndReason::kExited, .exit_code = code, .signal = {}, .message = fmt::format("exited with code {}", code)};
}

}  // namespace

void MockSupervisor::start() {
  if (alive_) return;
  alive_ = true;
  muted_ = false;
  ++life_;
  if (attempt_ && !attempt_->exited)
    end({.reason = EndReason::kLost, .exit_code = {}, .signal = {}, .message = "lost: its supervisor was killed"}, std::nullopt);
  connect();
}

void MockSupervisor::kill() {
  alive_ = false;
  ++life_;
  cut();
}

void MockSupervisor::cut() {
  if (auto connection = std::exchange(connection_, nullptr)) connection->close();
}

void MockSupervisor::connect() {
  auto* wire = target_.context_.wire;
  if (!alive_ || connection_ || wire == nullptr) return;
  const std::weak_ptr<MockSupervisor> weak = weak_from_this();
  connection_ = wire->connect(
      [weak](const io::Frame& frame) {
        if (auto self = weak.lock()) self->received(frame);
      },
      [weak] {
        auto self = weak.lock();
        if (self && self->alive_) self->reconnect();
      });
  hello();
}

void MockSupervisor::reconnect() {
  connection_.reset();
  auto later = [](std::shared_ptr<MockSupervisor> self, int life) -> io::Task<void> {
    co_await io::sleep_for(kBackOff);
    if (self->life_ == life) self->connect();
  };
  target_.tasks_.spawn("reconnect", later(shared_from_this(), life_));
}

void MockSupervisor::hello() {
  HelloMessage hello{.supervisor_id = id_, .boot_id = "mock", .pid = 1, .start_time = 1, .build = "mock", .current = std::nullopt};
  resumes_ = attempt_.has_value();
  if (attempt_)
    hello.current = AttemptStatus{
        .run = attempt_->start.run, .attempt = attempt_->start.attempt, .last_seq = attempt_->journal.size(), .acked_seq = attempt_->acked};
  const Message message = hello;
  connection_->send(to_frame(message));
}

void MockSupervisor::received(const io::Frame& frame) {
  if (!alive_) return;
  if (const auto message = parse_message(frame)) take(*message);
}

void MockSupervisor::take(const Message& message) {
  if (const auto* start = std::get_if<StartMessage>(&message)) return begin(*start);
  if (const auto* order = std::get_if<CancelMessage>(&message)) return cancel(*order);
  if (const auto* ack = std::get_if<AckMessage>(&message)) {
    if (!is_current(ack->run, ack->attempt)) return;
    attempt_->acked = std::max(attempt_->acked, ack->seq);
    if (std::exchange(resumes_, false)) send_from(attempt_->acked + 1);
    return;
  }
  const auto* release = std::get_if<ReleaseMessage>(&message);
  const auto* refused = std::get_if<RefusedMessage>(&message);
  const bool over =
      (release != nullptr && is_current(release->run, release->attempt)) || (refused != nullptr && is_current(refused->run, refused->attempt));
  if (!over) return;
  attempt_.reset();
  const Message idle = IdleMessage{};
  if (connection_) connection_->send(to_frame(idle));
}

void MockSupervisor::begin(const StartMessage& start) {
  if (attempt_) return;  // the same again, or one that must wait until this is released
  attempt_ = Attempt{.start = start, .journal = {}};
  ++target_.begun_;
  if (play_of(start) != "slow") return play();
  auto later = [](std::shared_ptr<MockSupervisor> self, std::chrono::milliseconds delay, int life) -> io::Task<void> {
    co_await io::sleep_for(delay);
    if (self->life_ == life && self->alive_ && self->attempt_ && !self->attempt_->exited) self->play();
  };
  target_.tasks_.spawn("slow start", later(shared_from_this(), target_.settings_.delay, life_));
}

void MockSupervisor::play() {
  say(StateRecord{.state = RunState::kPreparing});
  say(PhaseRecord{.name = "snapshot", .begins = true});
  say(PhaseRecord{.name = "snapshot", .begins = false});
  say(StateRecord{.state = RunState::kRunning});
  say(PhaseRecord{.name = "run", .begins = true});
  const auto line = fmt::format("hello from {}\n", attempt_->start.run.text());
  const auto offset = attempt_->output_bytes;
  attempt_->output_bytes += line.size();
  say(OutputRecord{.stream = Stream::kStdout, .offset = offset, .length = static_cast<std::uint32_t>(line.size()), .data = line});
  say(MetricRecord{.point = {.name = "loss", .kind = MetricKind::kScalar, .values = {0.5}, .columns = {}, .step = 0, .time = now()}});
  run_program();
}

void MockSupervisor::run_program() {
  const auto what = play_of(attempt_->start);
  if (what == "hang" || what == "deaf") return;
  if (what == "lost") return kill();
  if (what == "silent") {
    muted_ = true;
    return cut();
  }
  if (what != "failure") return end(exited(0), std::nullopt);
  end(exited(1), RunError{.code = "UserError",
                          .message = "User program failed with ValueError: mock",
                          .type = "ValueError",
                          .trace = "ValueError: mock",
                          .hint = {}});
}

void MockSupervisor::cancel(const CancelMessage& order) {
  if (!is_current(order.run, order.attempt) || attempt_->exited || play_of(attempt_->start) == "deaf") return;
  end({.reason = EndReason::kCanceled, .exit_code = {}, .signal = 15, .message = order.by.empty() ? "canceled" : "canceled by " + order.by},
      std::nullopt);
}

void MockSupervisor::end(RunEnd end, std::optional<RunError> error) {
  attempt_->exited = true;
  say(ExitedRecord{.end = std::move(end), .error = std::move(error)});
  say(FinishedRecord{});
}

void MockSupervisor::say(Payload payload) {
  attempt_->journal.push_back({.seq = attempt_->journal.size() + 1, .time = now(), .payload = std::move(payload)});
  if (connection_) send_from(attempt_->journal.size());
}

void MockSupervisor::send_from(std::uint64_t seq) {
  if (!connection_ || muted_) return;
  RecordsBatch batch{.run = attempt_->start.run, .attempt = attempt_->start.attempt, .bytes = {}};
  for (auto i = seq; i <= attempt_->journal.size(); ++i) encode(attempt_->journal[i - 1], true, batch.bytes);
  if (!batch.bytes.empty()) connection_->send(to_frame(batch));
}

}  // namespace stoker::targets
