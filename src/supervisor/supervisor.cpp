#include "supervisor/supervisor.hpp"

#include "base/log.hpp"

namespace stoker::supervisor {

using protocol::attempt_key;

Supervisor::Supervisor(io::Loop& loop, io::Pool& pool, const Clock& clock, Settings settings, Keeper& keeper, ServicesFactory services)
    : loop_(loop),
      pool_(pool),
      clock_(clock),
      settings_(std::move(settings)),
      address_(settings_.server_url, settings_.dir + "/server"),
      keeper_(keeper),
      services_(std::move(services)),
      changed_(loop),
      tasks_(loop, "supervisor") {}

Supervisor::~Supervisor() = default;

Status Supervisor::start() {
  TRY(auto left, Spool::leftovers(settings_.dir));
  leftovers_.assign(std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
  tasks_.spawn("keeper", watch_keeper());
  next();
  return ok();
}

AttemptWorld Supervisor::world() {
  return {loop_, pool_, clock_, keeper_, changed_, services_, settings_.dir, settings_.python_tree, settings_.containment, &address_};
}

// What a crash left comes before what is ordered.
void Supervisor::next() {
  attempt_.reset();
  while (!leftovers_.empty() && !attempt_) {
    auto start = std::move(leftovers_.front());
    leftovers_.pop_front();
    const auto key = attempt_key(start.run, start.attempt);
    auto recovered = Attempt::recover(world(), std::move(start));
    if (recovered) take(*recovered);
    else log::error("supervisor", "a leftover cannot be recovered and stays", {{"attempt", key}, {"cause", recovered.error().to_line()}});
  }
  if (!attempt_ && quit_) done_ = true;
  changed_.notify();
}

void Supervisor::take(std::shared_ptr<Attempt> attempt) {
  attempt_ = attempt;
  tasks_.spawn("attempt", run_attempt(std::move(attempt)));
  changed_.notify();
}

io::Task<void> Supervisor::run_attempt(std::shared_ptr<Attempt> attempt) {
  co_await attempt->run();
  changed_.notify();
}

Status Supervisor::begin(protocol::StartMessage start) {
  if (is_current(start.run, start.attempt)) return ok();
  if (waiting_ && attempt_key(waiting_->start.run, waiting_->start.attempt) == attempt_key(start.run, start.attempt)) return ok();
  if (!is_idle()) {
    const auto& other = attempt_ ? attempt_->start() : waiting_->start;
    return Error(ErrorCode::kWrongState, fmt::format("attempt {} is still here", attempt_key(other.run, other.attempt)));
  }
  auto attempt = Attempt::create(world(), start);
  if (attempt) {
    take(std::move(*attempt));
    return ok();
  }
  log::error("supervisor", "no spool can be made; trying again",
             {{"attempt", attempt_key(start.run, start.attempt)}, {"cause", attempt.error().to_line()}});
  waiting_ = Waiting{std::move(start), {}};
  tasks_.spawn("begin", try_again());
  return ok();
}

io::Task<void> Supervisor::try_again() {
  while (waiting_ && !done_) {
    co_await io::sleep_for(std::chrono::seconds(1));
    if (!waiting_) co_return;
    auto attempt = Attempt::create(world(), waiting_->start);
    if (!attempt) continue;
    const auto waiting = std::exchange(waiting_, std::nullopt);
    take(*attempt);
    if (waiting->then) waiting->then(**attempt);
  }
}

bool Supervisor::is_current(const RunId& run, int attempt) const {
  return attempt_ && attempt_->start().run == run && attempt_->start().attempt == attempt;
}

void Supervisor::cancel(const RunId& run, int attempt, std::chrono::seconds grace, const std::string& by) {
  if (is_current(run, attempt)) attempt_->cancel(grace, by);
  if (waiting_ && waiting_->start.run == run && waiting_->start.attempt == attempt)
    waiting_->then = [grace, by](Attempt& late) { late.cancel(grace, by); };
}

void Supervisor::acked(const RunId& run, int attempt, std::uint64_t seq) {
  if (is_current(run, attempt)) attempt_->journal().acked(seq);
}

void Supervisor::release(const RunId& run, int attempt) {
  if (!is_current(run, attempt) || dropping_) return;
  // A power cut may have taken what the server has already: then it releases what we would tell once more.
  if (!attempt_->is_finished() && attempt_->is_recovered()) return refused(run, attempt, "the server has all of it");
  if (!attempt_->is_finished()) {
    log::warning("supervisor", "released before it finished; ignored", {{"attempt", attempt_key(run, attempt)}});
    return;
  }
  dropping_ = true;
  tasks_.spawn("release", drop(attempt_));
}

void Supervisor::refused(const RunId& run, int attempt, const std::string& reason) {
  if (waiting_ && waiting_->start.run == run && waiting_->start.attempt == attempt) waiting_.reset();
  if (!is_current(run, attempt) || dropping_) return;
  log::warning("supervisor", "attempt dropped", {{"attempt", attempt_key(run, attempt)}, {"reason", reason}});
  dropping_ = true;
  attempt_->abandon();
  tasks_.spawn("refused", drop(attempt_));
}

io::Task<void> Supervisor::drop(std::shared_ptr<Attempt> attempt) {
  while (!attempt->has_ended()) co_await changed_.wait();
  const auto removed = co_await attempt->remove();
  if (!removed) log::error("supervisor", "spool not removed", {{"cause", removed.error().to_line()}});
  dropping_ = false;
  next();
}

void Supervisor::quit() {
  quit_ = true;
  if (is_idle()) done_ = true;
  changed_.notify();
}

io::Task<void> Supervisor::stop(std::string reason) {
  quit_ = true;
  waiting_.reset();
  const auto attempt = attempt_;
  if (attempt) {
    attempt->shut_down(reason);
    while (!attempt->has_ended()) co_await changed_.wait();
    co_await attempt->close();
  }
  done_ = true;
  changed_.notify();
}

io::Task<void> Supervisor::watch_keeper() {
  while (!keeper_.is_dead()) co_await keeper_.changed().wait();
  const auto attempt = attempt_;
  while (attempt && !attempt->has_ended()) co_await changed_.wait();
  co_await io::blocking(pool_, kill_orphans);  // and reaps the keeper itself
  if (done_) co_return;
  needs_restart_ = true;
  done_ = true;
  changed_.notify();
}

std::optional<protocol::AttemptStatus> Supervisor::current() const {
  if (!attempt_) return std::nullopt;
  const auto& start = attempt_->start();
  auto& journal = attempt_->journal();
  return protocol::AttemptStatus{start.run, start.attempt, journal.last_seq(), journal.acked_seq()};
}

Journal* Supervisor::journal() { return attempt_ ? &attempt_->journal() : nullptr; }

io::Task<void> Supervisor::wait_done() {
  while (!done_) co_await changed_.wait();
}

}  // namespace stoker::supervisor
