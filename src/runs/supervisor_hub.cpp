#include "runs/supervisor_hub.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"

namespace stoker::runs {

using namespace protocol;

namespace {
/// The version of the protocol whose start message lays data out.
constexpr int kFirstWithData = 3;
}  // namespace

SupervisorHub::SupervisorHub(HubOwner& owner, Ingest& ingest, std::string server_instance)
    : owner_(owner), ingest_(ingest), instance_(std::move(server_instance)) {
  ingest_.set_callbacks({.durable = [this](const RunId& run, int attempt, std::uint64_t seq) { acknowledge(run, attempt, seq); },
                         .give_up =
                             [this](const RunId& run, int, const std::string&) {
                               if (const auto at = supervisor_of_.find(run); at != supervisor_of_.end()) drop(at->second);
                             }});
}

SupervisorLink* SupervisorHub::link_of(const std::string& supervisor_id) {
  const auto at = links_.find(supervisor_id);
  return at == links_.end() ? nullptr : at->second.get();
}

std::string SupervisorHub::id_of(const std::shared_ptr<SupervisorLink>& link) const {
  const auto at = std::ranges::find_if(links_, [&](const auto& entry) { return entry.second == link; });
  return at == links_.end() ? std::string() : at->first;
}

std::vector<std::string> SupervisorHub::attached_ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, link] : links_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

io::Task<Status> SupervisorHub::attached(std::shared_ptr<SupervisorLink> link, HelloMessage hello) {
  if (const auto known = check_version(hello.version); !known) {
    link->send(to_frame(RefusedMessage{.reason = known.error().message(), .fatal = true}));
    co_return known;
  }
  const auto id = hello.supervisor_id;
  if (const auto older = links_.find(id); older != links_.end()) older->second->close();
  links_[id] = link;
  versions_[id] = hello.version;
  log::info("runs", "supervisor connected",
            {{"supervisor", id},
             {"pid", hello.pid},
             {"peer", link->peer()},
             {"attempt", hello.current ? attempt_key(hello.current->run, hello.current->attempt) : "none"}});
  link->send(to_frame(WelcomeMessage{.server_instance = instance_}));
  if (hello.current) {
    const auto current = *hello.current;
    CO_CHECK_OK(co_await resume(link, id, current));
  }
  if (link_of(id) != link.get()) co_return Error(ErrorCode::kConflict, "a newer connection of this supervisor took over");
  send_assignment(id, hello.current);
  owner_.supervisor_attached(id);
  co_return ok();
}

/// Where this supervisor goes on with what it has: its assignment, or something that is over.
io::Task<Status> SupervisorHub::resume(std::shared_ptr<SupervisorLink> link, std::string supervisor_id, AttemptStatus current) {
  if (const auto* assigned = assignment_of(supervisor_id, current.run, current.attempt)) {
    const auto acked = std::max(current.acked_seq, assigned->acked);
    ingest_.open(current.run, current.attempt, acked);
    link->send(to_frame(AckMessage{.run = current.run, .attempt = current.attempt, .seq = acked}));
    co_return ok();
  }
  CO_TRY(const auto standing, co_await owner_.standing(current.run, current.attempt));
  if (standing.ended && standing.acked >= current.last_seq) {
    link->send(to_frame(AckMessage{.run = current.run, .attempt = current.attempt, .seq = standing.acked}));
    link->send(to_frame(ReleaseMessage{.run = current.run, .attempt = current.attempt}));
    co_return ok();
  }
  const auto reason = standing.ended     ? "the run has ended"
                      : standing.current ? "the attempt belongs to another supervisor"
                                         : "the attempt is not the present one of any live run";
  log::warning("runs", "an attempt is refused",
               {{"supervisor", supervisor_id}, {"attempt", attempt_key(current.run, current.attempt)}, {"because", reason}});
  link->send(to_frame(RefusedMessage{.reason = reason, .run = current.run, .attempt = current.attempt}));
  co_return ok();
}

io::Task<Status> SupervisorHub::received(std::shared_ptr<SupervisorLink> link, Frame frame) {
  const auto id = id_of(link);
  if (id.empty()) co_return Error(ErrorCode::kConflict, "a newer connection of this supervisor took over");
  if (frame.kind == io::FrameKind::kRecords) {
    CO_TRY(auto batch, parse_records_batch(frame));
    co_return co_await received_records(link, id, std::move(batch));
  }
  CO_TRY(const auto message, parse_message(frame));
  if (!std::holds_alternative<IdleMessage>(message)) co_return Error(ErrorCode::kProtocol, "a supervisor sent a message that only servers send");
  send_assignment(id, std::nullopt);
  co_return ok();
}

io::Task<Status> SupervisorHub::received_records(std::shared_ptr<SupervisorLink> link, std::string supervisor_id, RecordsBatch batch) {
  auto* assigned = assignment_of(supervisor_id, batch.run, batch.attempt);
  if (assigned == nullptr) {
    // A leftover that came up after another attempt was released: the supervisor could not name it in its hello.
    const AttemptStatus leftover{.run = batch.run, .attempt = batch.attempt, .last_seq = std::numeric_limits<std::uint64_t>::max(), .acked_seq = 0};
    co_return co_await resume(link, supervisor_id, leftover);
  }
  if (!ingest_.is_open(batch.run, batch.attempt)) ingest_.open(batch.run, batch.attempt, assigned->acked);
  co_return co_await ingest_.take(batch.run, batch.attempt, std::move(batch.bytes));
}

void SupervisorHub::detached(const std::shared_ptr<SupervisorLink>& link) {
  const auto id = id_of(link);
  if (id.empty()) return;  // replaced by a newer one
  links_.erase(id);
  versions_.erase(id);
  log::info("runs", "supervisor disconnected", {{"supervisor", id}});
  owner_.supervisor_detached(id);
}

const SupervisorHub::Assignment* SupervisorHub::assignment_of(const std::string& supervisor_id, const RunId& run, int attempt) const {
  const auto at = assignments_.find(supervisor_id);
  const bool matches = at != assignments_.end() && at->second.run == run && at->second.attempt == attempt;
  return matches ? &at->second : nullptr;
}

void SupervisorHub::assign(const std::string& supervisor_id, RunId run, int attempt, std::uint64_t acked,
                           std::function<std::optional<StartMessage>()> start) {
  supervisor_of_[run] = supervisor_id;
  assignments_[supervisor_id] = {.run = std::move(run), .attempt = attempt, .acked = acked, .start = std::move(start), .cancel = std::nullopt};
  send_assignment(supervisor_id, std::nullopt);
}

/// Start again is harmless (the attempt's key decides), so it is sent whenever the supervisor has not named the attempt itself.
void SupervisorHub::send_assignment(const std::string& supervisor_id, const std::optional<AttemptStatus>& current) {
  const auto at = assignments_.find(supervisor_id);
  auto* link = link_of(supervisor_id);
  if (at == assignments_.end() || link == nullptr) return;
  const auto& assigned = at->second;
  const bool has_it = current && current->run == assigned.run && current->attempt == assigned.attempt;
  if (!has_it) {
    const auto start = assigned.start();
    if (!start) return;
    if (!start->data.empty() && versions_[supervisor_id] < kFirstWithData) {
      log::info("runs", "a supervisor of an older version is replaced, since this run has data", {{"supervisor", supervisor_id}});
      link->send(to_frame(QuitMessage{}));
      return;
    }
    link->send(to_frame(*start));
  }
  if (assigned.cancel) link->send(to_frame(*assigned.cancel));
}

void SupervisorHub::offer(const std::string& supervisor_id) { send_assignment(supervisor_id, std::nullopt); }

void SupervisorHub::cancel(const std::string& supervisor_id, CancelMessage cancel) {
  const auto at = assignments_.find(supervisor_id);
  if (at == assignments_.end() || at->second.run != cancel.run) return;
  at->second.cancel = cancel;
  if (auto* link = link_of(supervisor_id)) link->send(to_frame(cancel));
}

void SupervisorHub::release(const std::string& supervisor_id, const RunId& run, int attempt) {
  if (assignment_of(supervisor_id, run, attempt) != nullptr) assignments_.erase(supervisor_id);
  supervisor_of_.erase(run);
  ingest_.close(run);
  if (auto* link = link_of(supervisor_id)) link->send(to_frame(ReleaseMessage{.run = run, .attempt = attempt}));
}

void SupervisorHub::acknowledge(const RunId& run, int attempt, std::uint64_t seq) {
  const auto at = supervisor_of_.find(run);
  if (at == supervisor_of_.end()) return;
  const auto assigned = assignments_.find(at->second);
  if (assigned != assignments_.end() && assigned->second.run == run) assigned->second.acked = std::max(assigned->second.acked, seq);
  if (auto* link = link_of(at->second)) link->send(to_frame(AckMessage{.run = run, .attempt = attempt, .seq = seq}));
}

void SupervisorHub::drop(const std::string& supervisor_id) {
  if (auto* link = link_of(supervisor_id)) link->close();
}

void SupervisorHub::quit_idle() {
  for (const auto& [id, link] : links_) {
    if (!assignments_.contains(id)) link->send(to_frame(QuitMessage{}));
  }
}

}  // namespace stoker::runs
