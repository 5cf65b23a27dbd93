#include "supervisor/link/link.hpp"

#include <algorithm>

#include <unistd.h>

#include "base/log.hpp"
#include "io/process.hpp"

#ifndef STOKER_BUILD
#define STOKER_BUILD "0.1.0"
#endif

namespace stoker::supervisor {
namespace {

using namespace std::chrono_literals;
using protocol::Message;
constexpr auto kConnectTime = 10s;
// How long a server may take to say where the journal goes on; afterwards everything unacknowledged is sent, which is harmless.
constexpr auto kResumeTime = 1s;

std::string key_of(const std::optional<protocol::AttemptStatus>& current) {
  return current ? protocol::attempt_key(current->run, current->attempt) : std::string();
}

}  // namespace

Link::Link(io::Loop& loop, Supervisor& supervisor, LinkSettings settings)
    : loop_(loop), supervisor_(supervisor), settings_(settings), away_since_(std::chrono::steady_clock::now()) {}

io::Task<void> Link::run() {
  auto back_off = settings_.first_back_off;
  while (true) {
    const auto ended = co_await connect_and_serve();
    if (connected_) {
      away_since_ = std::chrono::steady_clock::now();
      back_off = settings_.first_back_off;
      log::info("supervisor", "the server is away", {{"cause", ended ? "" : ended.error().to_line()}});
    } else if (!ended) {
      log::debug("supervisor", "the server cannot be reached", {{"cause", ended.error().to_line()}});
    }
    connected_ = false;
    if (co_await give_up_when_due()) co_return;
    co_await io::sleep_for(back_off);
    back_off = std::min(back_off * 2, settings_.longest_back_off);
  }
}

io::Task<bool> Link::give_up_when_due() {
  const auto now = std::chrono::steady_clock::now();
  if (supervisor_.is_idle() && now - away_since_ >= settings_.idle_patience) {
    log::info("supervisor", "idle, and the server stays away: exiting");
    supervisor_.quit();
    co_return true;
  }
  if (!supervisor_.is_settled()) finished_since_.reset();
  else if (!finished_since_) finished_since_ = now;
  if (!finished_since_ || now - std::max(*finished_since_, away_since_) < settings_.finished_patience) co_return false;
  log::warning("supervisor", "the run is over and the server stays away: leaving its journal for the next supervisor");
  co_await supervisor_.stop("the server stayed away");
  co_return true;
}

io::Task<Status> Link::connect_and_serve() {
  const auto& settings = supervisor_.settings();
  io::UpgradeRequest request{supervisor_.address().look(), settings.token, "/api/v1/supervisors/connect", std::string(protocol::kUpgradeName)};
  CO_TRY(auto stream, co_await io::connect_upgrade(loop_, std::move(request), io::in(kConnectTime)));
  auto greeting = greet(stream);
  CO_TRY(const auto welcome, co_await io::with_deadline("the server's welcome", std::move(greeting), io::in(kConnectTime)));
  connected_ = true;
  log::info("supervisor", "connected", {{"server", stream.peer()}, {"instance", welcome.server_instance}});
  using namespace boost::asio::experimental::awaitable_operators;
  auto receiving = receive_all(stream);
  auto sending = send_all(stream);
  auto outcome = co_await (std::move(receiving) || std::move(sending));
  co_return outcome.index() == 0 ? std::move(std::get<0>(outcome)) : std::move(std::get<1>(outcome));
}

protocol::HelloMessage Link::hello() const {
  protocol::HelloMessage hello;
  hello.supervisor_id = supervisor_.settings().id;
  hello.build = STOKER_BUILD;
  hello.current = supervisor_.current();
  if (const auto self = io::identify(::getpid())) {
    hello.boot_id = self->boot_id;
    hello.pid = self->pid;
    hello.start_time = self->start_time;
  }
  return hello;
}

io::Task<Result<protocol::WelcomeMessage>> Link::greet(io::FrameStream& stream) {
  const Message greeting = hello();
  // The attempt of this hello is the one to resume: what was under way on the old connection is forgotten.
  attempt_.clear();
  may_send_ = supervisor_.is_idle();
  auto frame = protocol::to_frame(greeting);
  CO_CHECK_OK(co_await stream.send(std::move(frame)));
  CO_TRY(const auto answer, co_await stream.receive());
  CO_TRY(auto message, protocol::parse_message(answer));
  if (const auto* no = std::get_if<protocol::RefusedMessage>(&message)) {
    CO_CHECK_OK(refused(*no));
    co_return Error(ErrorCode::kForbidden, "the server refused this supervisor");
  }
  auto* welcome = std::get_if<protocol::WelcomeMessage>(&message);
  if (welcome == nullptr) co_return Error(ErrorCode::kProtocol, "the server did not begin with welcome");
  CO_CHECK_OK(protocol::check_version(welcome->version));
  co_return std::move(*welcome);
}

io::Task<Status> Link::receive_all(io::FrameStream& stream) {
  while (true) {
    CO_TRY(const auto frame, co_await stream.receive());
    CO_TRY(auto message, protocol::parse_message(frame));
    CO_CHECK_OK(co_await obey(std::move(message)));
  }
}

io::Task<Status> Link::obey(Message message) {
  if (auto* start = std::get_if<protocol::StartMessage>(&message)) {
    auto order = std::move(*start);
    co_await begin(std::move(order));
  } else if (const auto* ack = std::get_if<protocol::AckMessage>(&message)) {
    acknowledged(*ack);
  } else if (const auto* cancel = std::get_if<protocol::CancelMessage>(&message)) {
    supervisor_.cancel(cancel->run, cancel->attempt, std::chrono::seconds(cancel->grace_seconds), cancel->by);
  } else if (const auto* release = std::get_if<protocol::ReleaseMessage>(&message)) {
    if (const auto key = protocol::attempt_key(release->run, release->attempt); key == key_of(supervisor_.current())) releasing_ = key;
    supervisor_.release(release->run, release->attempt);
  } else if (const auto* no = std::get_if<protocol::RefusedMessage>(&message)) {
    CO_CHECK_OK(refused(*no));
  } else if (std::holds_alternative<protocol::QuitMessage>(message)) {
    supervisor_.quit();
  } else {
    co_return Error(ErrorCode::kProtocol, "the server sent a message that only supervisors send");
  }
  may_send_ = true;
  supervisor_.changed().notify();
  co_return ok();
}

io::Task<void> Link::begin(protocol::StartMessage start) {
  const auto key = protocol::attempt_key(start.run, start.attempt);
  // The server may order the next attempt while the spool of the last one is still being removed.
  const auto until = io::in(60s);
  while (!releasing_.empty() && key != releasing_ && key_of(supervisor_.current()) == releasing_) {
    if (!co_await supervisor_.changed().wait(until)) break;
  }
  releasing_.clear();
  const auto begun = supervisor_.begin(std::move(start));
  if (!begun) log::error("supervisor", "cannot begin", {{"attempt", key}, {"cause", begun.error().to_line()}});
}

void Link::acknowledged(const protocol::AckMessage& ack) {
  supervisor_.acked(ack.run, ack.attempt, ack.seq);
  if (protocol::attempt_key(ack.run, ack.attempt) != attempt_) return;
  sent_seq_ = std::max(sent_seq_, ack.seq);
  while (!under_way_.empty() && under_way_.front().last_seq <= ack.seq) {
    under_way_bytes_ -= under_way_.front().bytes;
    under_way_.pop_front();
  }
}

Status Link::refused(const protocol::RefusedMessage& refused) {
  if (std::exchange(last_refusal_, refused.reason) != refused.reason) {
    log::warning("supervisor", "refused by the server", {{"reason", refused.reason}, {"run", refused.run.text()}, {"attempt", refused.attempt}});
  }
  if (!refused.run.empty()) {
    supervisor_.refused(refused.run, refused.attempt, refused.reason);
    return ok();
  }
  // A server that knows nothing of this supervisor has no say over what runs here: that goes on, its journal waits.
  if (refused.fatal) supervisor_.quit();
  return Error(ErrorCode::kForbidden, "the server refused this supervisor").because(refused.reason);
}

io::Task<Status> Link::send_all(io::FrameStream& stream) {
  const auto resume_until = io::in(kResumeTime);
  while (!may_send_) {
    if (!co_await supervisor_.changed().wait(resume_until)) may_send_ = true;
  }
  while (true) {
    const auto current = supervisor_.current();
    if (!current) {
      if (!attempt_.empty()) {
        const Message idle = protocol::IdleMessage{};
        auto frame = protocol::to_frame(idle);
        attempt_.clear();
        CO_CHECK_OK(co_await stream.send(std::move(frame)));
        continue;
      }
      co_await supervisor_.changed().wait();
      continue;
    }
    follow(*current);
    CO_CHECK_OK(co_await send_next(stream, *current));
  }
}

void Link::follow(const protocol::AttemptStatus& current) {
  auto key = protocol::attempt_key(current.run, current.attempt);
  if (key == attempt_) return;
  attempt_ = std::move(key);
  sent_seq_ = current.acked_seq;
  under_way_.clear();
  under_way_bytes_ = 0;
}

io::Task<Status> Link::send_next(io::FrameStream& stream, const protocol::AttemptStatus& current) {
  auto* journal = supervisor_.journal();
  if (journal == nullptr || under_way_bytes_ >= settings_.window_bytes) {
    co_await supervisor_.changed().wait();
    co_return ok();
  }
  auto batch = journal->read(sent_seq_ + 1);
  if (!batch) {
    // Its own disk cannot be read: nothing better than to try again, and to say so where somebody looks.
    log::error("supervisor", "the journal cannot be read", {{"attempt", attempt_}, {"cause", batch.error().to_line()}});
    co_await io::sleep_for(1s);
    co_return ok();
  }
  if (batch->bytes.empty()) {
    co_await supervisor_.changed().wait();
    co_return ok();
  }
  sent_seq_ = batch->last_seq;
  under_way_.push_back({batch->last_seq, batch->bytes.size()});
  under_way_bytes_ += batch->bytes.size();
  protocol::RecordsBatch records{current.run, current.attempt, std::move(batch->bytes)};
  auto frame = protocol::to_frame(records);
  co_return co_await stream.send(std::move(frame));
}

}  // namespace stoker::supervisor
