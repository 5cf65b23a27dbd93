#include "io/task.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/redirect_error.hpp>

#include "base/log.hpp"

namespace stoker::io {

Task<void> sleep_until(Deadline until) {
  asio::steady_timer timer(co_await asio::this_coro::executor, until);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> sleep_for(std::chrono::nanoseconds duration) { co_await sleep_until(in(duration)); }

Task<bool> Signal::wait(Deadline until) {
  using namespace asio::experimental::awaitable_operators;
  boost::system::error_code woken;
  if (until == kNever) {
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) throw boost::system::system_error(asio::error::operation_aborted);
    co_return true;
  }
  auto notified = [](asio::steady_timer& timer) -> Task<void> {
    boost::system::error_code code;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
  };
  auto first = notified(timer_);
  auto outcome = co_await (std::move(first) || sleep_until(until));
  co_return outcome.index() == 0;
}

namespace {

// Two tasks that are awaited together and cancelled throw twice, which Asio wraps.
std::exception_ptr first_of(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const asio::multiple_exceptions& several) {
    return several.first_exception();
  } catch (...) {
    return failure;
  }
}

}  // namespace

struct TaskGroup::State {
  State(Loop& loop, std::string name) : loop(loop), name(std::move(name)), empty(loop) {}
  struct Entry {
    std::string name;
    asio::cancellation_signal cancel;
  };
  Loop& loop;
  std::string name;
  Signal empty;
  std::list<Entry> entries;
};

TaskGroup::TaskGroup(Loop& loop, std::string name) : state_(std::make_shared<State>(loop, std::move(name))) {}

TaskGroup::~TaskGroup() { cancel(); }

std::size_t TaskGroup::size() const { return state_->entries.size(); }

void TaskGroup::spawn(std::string name, Task<void> task) {
  auto& entry = state_->entries.emplace_back();
  entry.name = std::move(name);
  const auto at = std::prev(state_->entries.end());
  auto ended = [state = state_, at](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(first_of(failure));
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::operation_aborted)
        log::error(state->name, "task failed", {{"task", at->name}, {"cause", error.code().message()}});
    } catch (const std::exception& error) {
      log::error(state->name, "task failed", {{"task", at->name}, {"cause", error.what()}});
    }
    state->entries.erase(at);
    if (state->entries.empty()) state->empty.notify();
  };
  asio::co_spawn(state_->loop, std::move(task), asio::bind_cancellation_slot(entry.cancel.slot(), std::move(ended)));
}

// On the loop, where Asio emits at once: from outside it would post the emit, which a task that ends first leaves dangling.
void TaskGroup::cancel() {
  asio::dispatch(state_->loop, [state = state_] {
    for (auto at = state->entries.begin(); at != state->entries.end();) {
      auto& entry = *at++;  // ending a task removes its entry
      entry.cancel.emit(asio::cancellation_type::terminal);
    }
  });
}

Task<void> TaskGroup::join() {
  auto state = state_;
  while (!state->entries.empty()) co_await state->empty.wait();
}

}  // namespace stoker::io
