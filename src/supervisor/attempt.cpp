#include "supervisor/attempt.hpp"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/log.hpp"
#include "environments/environment.hpp"
#include "environments/surroundings.hpp"
#include "supervisor/processes/leftovers.hpp"
#include "supervisor/variables.hpp"

namespace stoker::supervisor {

using namespace io::asio::experimental::awaitable_operators;

namespace {

// The end of the output in which a traceback is looked for.
constexpr std::size_t kLookedAt = 64U << 10;
constexpr std::chrono::seconds kShutdownGrace{5};

// From /etc/passwd and not by getpwuid, which a static program cannot rely on.
void find_user(VariableInputs& inputs) {
  if (const char* home = ::getenv("HOME")) inputs.home = home;
  std::FILE* file = std::fopen("/etc/passwd", "re");
  while (const auto* user = file == nullptr ? nullptr : ::fgetpwent(file)) {
    if (user->pw_uid != ::getuid()) continue;
    inputs.user = user->pw_name;
    if (inputs.home.empty()) inputs.home = user->pw_dir;
    break;
  }
  if (file != nullptr) std::fclose(file);
}

Duration grace_of(const RunSpec& spec) { return std::chrono::seconds(spec.grace_seconds); }

}  // namespace

struct Attempt::Command {
  std::string script_socket;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

Attempt::Attempt(AttemptWorld world, protocol::StartMessage start)
    : world_(std::move(world)),
      start_(std::move(start)),
      spool_(world_.slot_dir, start_.run, start_.attempt),
      data_(start_, spool_),
      tasks_(world_.loop, "supervisor"),
      sampling_(world_.loop, "supervisor"),
      recording_(world_.loop, "supervisor") {
  state_.grace = grace_of(start_.spec);
  if (start_.spec.max_run_duration_seconds) state_.limit = std::chrono::seconds(*start_.spec.max_run_duration_seconds);
}

Attempt::~Attempt() = default;

Result<std::shared_ptr<Attempt>> Attempt::create(AttemptWorld world, protocol::StartMessage start) {
  std::shared_ptr<Attempt> attempt(new Attempt(std::move(world), std::move(start)));
  CHECK_OK(attempt->spool_.create(attempt->start_));
  TRY(attempt->journal_, Journal::create(attempt->spool_, attempt->world_.loop, attempt->world_.clock, attempt->world_.changed));
  return attempt;
}

Result<std::shared_ptr<Attempt>> Attempt::recover(AttemptWorld world, protocol::StartMessage start) {
  std::shared_ptr<Attempt> attempt(new Attempt(std::move(world), std::move(start)));
  attempt->found_.emplace();
  TRY(attempt->journal_, Journal::open(attempt->spool_, attempt->world_.loop, attempt->world_.clock, attempt->world_.changed, *attempt->found_));
  attempt->left_by_ = attempt->spool_.read_identity();
  if (!attempt->left_by_ || attempt->left_by_->boot_id != io::boot_id()) attempt->journal_->await_server();
  return attempt;
}

io::Task<void> Attempt::run() {
  services_ = world_.services(AttemptContext{start_, spool_, *journal_, world_.loop, world_.pool, world_.address});
  tasks_.spawn("journal", journal_->keep_synced(world_.pool));
  if (found_) co_await run_recovered();
  else co_await run_new();
  ended_ = true;
}

io::Task<void> Attempt::run_new() {
  log::info("supervisor", "attempt begins", {{"attempt", spool_.key()}});
  write_identity();
  Command command;
  auto work = prepare(command);
  const auto outcome = co_await (std::move(work) || wait_stop_preparing());
  Status started = outcome.index() == 0 ? std::get<0>(outcome) : ok();
  if (started && state_.stage == Stage::kPreparing && !world_.keeper.is_dead()) started = co_await launch(command);
  if (state_.stage == Stage::kRunning && started) services_.uploads->begin();
  if (started && capture_) co_await watch();
  else co_await end_unstarted(started);
  co_await finalize();
}

io::Task<void> Attempt::end_unstarted(Status why) {
  data_.stop();
  if (!data_.is_empty()) co_await data_.deliver(world_.pool);  // takes away what was laid out
  Ending ending;
  ending.cause = world_.keeper.is_dead() ? StopCause::kKeeperLost : state_.cause;
  ending.by = state_.by;
  auto outcome = !why && ending.cause == StopCause::kNone ? outcome_of_failed_start(why.error()) : outcome_of(ending);
  if (outcome.end.reason == EndReason::kCanceled) outcome.end.exit_code.reset();
  co_await end_with(std::move(outcome));
}

io::Task<Status> Attempt::prepare(Command& command) {
  journal_->append(protocol::StateRecord{RunState::kPreparing});
  if (start_.spec.snapshot) {
    begin_phase("snapshot");
    CO_CHECK_OK(co_await services_.snapshot->fetch());
    end_phase();
  }
  CO_CHECK_OK(spool_.make_special_folders());
  if (!data_.is_empty()) CO_CHECK_OK(co_await prepare_data());
  begin_phase("environment");
  CO_TRY(command.script_socket, services_.socket->open());
  CO_CHECK_OK(co_await prepare_environment(command));
  end_phase();
  co_return ok();
}

io::Task<Status> Attempt::prepare_data() {
  begin_phase("data");
  CO_CHECK_OK(co_await data_.lay_out(world_.pool));
  for (const auto& note : data_.notes()) say(note);
  end_phase();
  co_return ok();
}

io::Task<Status> Attempt::prepare_environment(Command& command) {
  VariableInputs inputs;
  inputs.data = data_.variables();
  inputs.work = spool_.work();
  inputs.script_socket = command.script_socket;
  inputs.python_tree = world_.python_tree;
  find_user(inputs);
  user_ = inputs.user;
  auto work = [this, &command, inputs]() mutable -> Status {
    const auto spec = data_.with_data(start_.spec);
    TRY(const auto* kind, environments::require_environment_kind(spec.environment.kind));
    TRY(lock_, kind->resolve(spec.environment, environments::variables_of(spec)));
    TRY(inputs.prepared, kind->prepare(lock_, world_.slot_dir + "/environments"));
    const auto variables = run_variables(start_, inputs);
    TRY(command.arguments, kind->command(lock_, environments::program_of(spec), variables, spool_.work()));
    command.environment = to_environment(variables);
    return ok();
  };
  co_return co_await io::blocking(world_.pool, std::move(work));
}

io::Task<Status> Attempt::launch(Command& command) {
  group_ = ControlGroup::make(spool_.key(), world_.containment);
  capture_ = std::make_unique<Capture>(world_.loop, *journal_);
  CO_TRY(auto ends, capture_->open());
  write_identity();
  begin_phase("run");
  SpawnRequest request;
  request.arguments = std::move(command.arguments);
  request.environment = std::move(command.environment);
  request.working_directory = spool_.work();
  request.join = group_.join_files();
  request.standard_output = ends.standard_output.get();
  request.standard_error = ends.standard_error.get();
  SampleSource source{.keeper = world_.keeper.identity().pid, .memory_file = group_.memory_file(), .folder = spool_.work()};
  const char* path = ::getenv("PATH");
  auto gpus = std::make_unique<GpuMeter>(start_.gpu_indices, path == nullptr ? "" : path, kSamplePeriod);
  sampler_.emplace(std::move(source), std::move(gpus), *journal_, world_.clock, world_.pool);
  decide(Started{});  // before it is: what is decided from now on reaches the keeper after the spawn
  const auto spawned = co_await world_.keeper.spawn(std::move(request));
  if (!spawned) co_return spawned.error();
  main_ = io::identify(*spawned);
  write_identity();
  journal_->append(protocol::StateRecord{RunState::kRunning});
  log::info("supervisor", "program started", {{"attempt", spool_.key()}, {"pid", *spawned}, {"groups", group_.describe()}});
  observe();
  co_return ok();
}

/// Beside the program, never before it.
void Attempt::observe() {
  sampling_.spawn("samples", sampler_->run());
  recording_.spawn("environment", record_environment());
}

io::Task<void> Attempt::record_environment() {
  auto work = [this]() -> json::object {
    const auto& spec = start_.spec;
    const auto* kind = environments::find_environment_kind(spec.environment.kind);
    auto content = kind->describe(lock_, environments::variables_of(spec));
    environments::add_surroundings(content, user_);
    return content;
  };
  auto content = co_await io::blocking(world_.pool, std::move(work));
  journal_->append(protocol::EnvironmentRecord{std::move(content)});
}

io::Task<void> Attempt::watch() {
  while (state_.stage != Stage::kGone && !world_.keeper.is_dead()) {
    const auto effects = std::exchange(effects_, {});
    for (const auto effect : effects) co_await carry_out(effect);
    look_at_keeper();
    if (!effects_.empty() || state_.stage == Stage::kGone || world_.keeper.is_dead()) continue;
    const auto until = state_.next_at ? io::in(*state_.next_at - world_.clock.monotonic()) : io::kNever;
    co_await wake().wait(until);
  }
  if (world_.keeper.is_dead()) co_await settle_without_keeper();
  else co_await settle();
}

void Attempt::look_at_keeper() {
  if (const auto status = world_.keeper.main_status(); status && !state_.wait_status) decide(MainEnded{*status});
  if (state_.wait_status && world_.keeper.is_empty()) decide(AllGone{});
  decide(TimePassed{});
}

void Attempt::decide(const AttemptEvent& event) {
  const auto effects = apply(state_, event, world_.clock.monotonic());
  effects_.insert(effects_.end(), effects.begin(), effects.end());
}

io::Task<void> Attempt::carry_out(Effect effect) {
  if (effect == Effect::kTerminate) world_.keeper.signal_all(SIGTERM);
  if (effect != Effect::kKill) co_return;
  auto work = [this] { group_.kill(); };
  co_await io::blocking(world_.pool, std::move(work));
  world_.keeper.kill_all();
}

io::Task<void> Attempt::settle() {
  if (!co_await capture_->finish()) say("stoker: the disk stayed full: the last output of this run is lost");
  co_await services_.socket->drain();
  const auto tail = journal_->output_tail(kLookedAt);
  Ending ending;
  ending.wait_status = state_.wait_status.value_or(0);
  ending.cause = state_.cause;
  ending.by = state_.by;
  ending.limit_seconds = start_.spec.max_run_duration_seconds.value_or(0);
  ending.out_of_memory = group_.out_of_memory();
  ending.last_output = tail;
  auto outcome = outcome_of(ending);
  if (!data_.is_empty()) co_await deliver_data(outcome);
  co_await end_with(std::move(outcome));
}

/// Before the end is told, since what could not be stored makes it another one. Nothing is stored of a run that was canceled or whose supervisor
/// leaves.
io::Task<void> Attempt::deliver_data(Outcome& outcome) {
  if (abandoned_ || leaving_ || outcome.end.reason == EndReason::kCanceled) data_.stop();
  const bool is_wanted = !abandoned_ && !leaving_ && outcome.end.reason != EndReason::kCanceled;
  end_phase();
  begin_phase("data");
  const auto failures = co_await data_.deliver(world_.pool);
  end_phase();
  if (!is_wanted) co_return;
  for (const auto& failure : failures) say("stoker: " + failure);
  add_failures(outcome, failures);
}

// The main process died with the keeper (parent-death signal), the others are our children now.
io::Task<void> Attempt::settle_without_keeper() {
  log::error("supervisor", "the keeper died", {{"attempt", spool_.key()}});
  auto work = [this] {
    while (!group_.kill()) kill_orphans();
    kill_orphans();
  };
  co_await io::blocking(world_.pool, std::move(work));
  co_await capture_->finish();
  co_await services_.socket->drain();
  Ending ending;
  ending.cause = StopCause::kKeeperLost;
  auto outcome = outcome_of(ending);
  co_await end_with(std::move(outcome));
}

io::Task<void> Attempt::end_with(Outcome outcome) {
  sampling_.cancel();
  co_await sampling_.join();
  if (sampler_ && main_ && !world_.keeper.is_dead()) co_await sampler_->finish();
  sampler_.reset();
  capture_.reset();
  group_.remove();
  end_phase();
  log::info("supervisor", "program ended", {{"attempt", spool_.key()}, {"how", outcome.end.message}});
  if (abandoned_) co_return;
  protocol::Payload exited = protocol::ExitedRecord{std::move(outcome.end), std::move(outcome.error)};
  co_await journal_->append_durably(std::move(exited), world_.pool);
}

io::Task<void> Attempt::finalize() {
  if (must_leave()) co_return;
  journal_->append(protocol::StateRecord{RunState::kFinalizing});
  if (phase_.empty()) begin_phase("finalize");
  [[maybe_unused]] const auto made = spool_.make_special_folders();  // it may have ended before there were any
  auto uploading = services_.uploads->finish();
  const auto outcome = co_await (std::move(uploading) || wait_leave());
  if (must_leave()) co_return;
  if (outcome.index() == 0) {
    if (const auto& uploaded = std::get<0>(outcome); !uploaded) say("stoker: not all files of this run could be kept: " + uploaded.error().to_line());
  }
  co_await (recording_.join() || wait_leave());
  if (must_leave()) co_return;
  end_phase();
  co_await journal_->append_durably(protocol::Payload(protocol::FinishedRecord{}), world_.pool);
  finished_ = true;
}

io::Task<void> Attempt::run_recovered() {
  log::info("supervisor", "recovering",
            {{"attempt", spool_.key()}, {"exited", found_->exited}, {"finished", found_->finished}, {"cut_bytes", found_->cut_bytes}});
  auto work = [this] { kill_leftovers(spool_.key(), left_by_); };
  co_await io::blocking(world_.pool, std::move(work));
  co_await (journal_->wait_server() || wait_leave());
  if (must_leave()) co_return;
  if (!found_->open_phases.empty()) phase_ = found_->open_phases.back();
  if (!found_->exited) co_await end_with(outcome_of_lost(why_lost(left_by_, io::boot_id())));
  if (!found_->finished) co_await finalize();
  finished_ = finished_ || found_->finished;
}

void Attempt::cancel(std::chrono::seconds grace, const std::string& by) {
  if (state_.stage == Stage::kPreparing) data_.stop();
  decide(StopAsked{StopCause::kCanceled, by, grace});
  wake().notify();
}

void Attempt::shut_down(const std::string& why) {
  leaving_ = true;
  data_.stop();
  decide(StopAsked{StopCause::kShutdown, why, std::min<Duration>(grace_of(start_.spec), kShutdownGrace)});
  wake().notify();
}

void Attempt::abandon() {
  abandoned_ = true;
  data_.stop();
  decide(StopAsked{StopCause::kCanceled, "", Duration::zero()});
  wake().notify();
}

io::Task<void> Attempt::wait_stop_preparing() {
  while (state_.stage == Stage::kPreparing && !world_.keeper.is_dead()) co_await wake().wait();
}

io::Task<void> Attempt::wait_leave() {
  while (!must_leave()) co_await wake().wait();
}

io::Task<void> Attempt::close() {
  if (services_.uploads) co_await services_.uploads->stop();
  if (services_.socket) co_await services_.socket->stop();
  for (auto* group : {&sampling_, &recording_, &tasks_}) {
    group->cancel();
    co_await group->join();
  }
}

io::Task<Status> Attempt::remove() {
  co_await close();
  services_ = {};
  co_return co_await spool_.discard(world_.pool);
}

void Attempt::begin_phase(const std::string& name) {
  phase_ = name;
  journal_->append(protocol::PhaseRecord{name, true});
}

void Attempt::end_phase() {
  if (phase_.empty()) return;
  journal_->append(protocol::PhaseRecord{std::exchange(phase_, {}), false});
}

void Attempt::write_identity() {
  const auto self = io::identify(::getpid()).value_or(io::ProcessIdentity{});
  const SpoolIdentity identity{self.boot_id, self, world_.keeper.identity(), main_, group_.folders()};
  if (const auto status = spool_.write_identity(identity); !status)
    log::warning("supervisor", "identity not written", {{"cause", status.error().to_line()}});
}

void Attempt::say(const std::string& line) {
  log::warning("supervisor", line, {{"attempt", spool_.key()}});
  [[maybe_unused]] const auto written = journal_->append_output(protocol::Stream::kSystem, line + "\n");
}

}  // namespace stoker::supervisor
