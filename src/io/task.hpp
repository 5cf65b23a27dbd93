#pragma once
// Async code that reads top-down: Task<T> is a coroutine on the one loop. The only place where other folders see Asio.
//   Rules: name what you pass, then await; parameters by value; background work only through TaskGroup; deadlines are arguments.

#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.hpp"

namespace stoker::io {

namespace asio = boost::asio;

template <class T>
using Task = asio::awaitable<T>;

/// The single-threaded loop that owns the control plane.
using Loop = asio::io_context;

/// Threads for disk, SQL, hashing and compression. Destruction waits for what runs.
class Pool {
 public:
  explicit Pool(unsigned threads) : pool_(threads) {}
  ~Pool() { pool_.join(); }
  asio::thread_pool::executor_type executor() { return pool_.get_executor(); }

 private:
  asio::thread_pool pool_;
};

namespace detail {
/// What a thread of the pool hands back to the loop. Written before `is_over`, which only the loop touches.
template <class Value>
struct Job {
  explicit Job(const asio::any_io_executor& loop) : over(loop, asio::steady_timer::time_point::max()) {}
  std::conditional_t<std::is_void_v<Value>, std::monostate, std::optional<Value>> value;
  std::exception_ptr failure;
  bool is_over = false;
  asio::steady_timer over;
};
}  // namespace detail

/// Runs `fn` on the pool; the result comes back on the loop of the caller. It cannot be interrupted: a caller that is cancelled meanwhile
/// gets operation_aborted when `fn` has ended, so what `fn` captures lives as long as the await.
template <class Fn>
Task<std::invoke_result_t<Fn>> blocking(Pool& pool, Fn fn) {
  using Value = std::invoke_result_t<Fn>;
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  const asio::any_io_executor loop = co_await asio::this_coro::executor;
  auto job = std::make_shared<detail::Job<Value>>(loop);
  asio::post(pool.executor(), [job, loop, fn = std::move(fn)]() mutable {
    try {
      auto work = std::move(fn);  // gone, with what it holds, before the caller goes on
      if constexpr (std::is_void_v<Value>) work();
      else job->value.emplace(work());
    } catch (...) {
      job->failure = std::current_exception();
    }
    asio::post(loop, [job = std::move(job)] {
      job->is_over = true;
      job->over.cancel();
    });
  });
  bool is_cancelled = false;
  while (!job->is_over) {
    boost::system::error_code woken;
    co_await job->over.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if ((co_await asio::this_coro::cancellation_state).cancelled() == asio::cancellation_type::none) continue;
    is_cancelled = true;
    co_await asio::this_coro::reset_cancellation_state();
  }
  if (is_cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (job->failure) std::rethrow_exception(job->failure);
  if constexpr (!std::is_void_v<Value>) co_return std::move(*job->value);
}

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline in(std::chrono::nanoseconds duration) {
  return std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration);
}
inline constexpr Deadline kNever = Deadline::max();

Task<void> sleep_until(Deadline until);
Task<void> sleep_for(std::chrono::nanoseconds duration);

/// The task's result, or kTimeout ("`what` took too long") after cancelling it at the deadline.
template <class T>
Task<Result<T>> with_deadline(std::string what, Task<Result<T>> task, Deadline until) {
  using namespace asio::experimental::awaitable_operators;
  auto outcome = co_await (std::move(task) || sleep_until(until));
  if (outcome.index() == 0) co_return std::move(std::get<0>(outcome));
  co_return Error(ErrorCode::kTimeout, what + " took too long").retryable();
}

/// Wakes everybody who waits. Single loop only; a notify without waiters is not remembered, so wait in a loop over the state.
class Signal {
 public:
  explicit Signal(Loop& loop) : timer_(loop, Deadline::max()) {}
  void notify() { timer_.cancel(); }
  /// False at the deadline, true after a notify. Cancellation of the caller throws as every await does.
  Task<bool> wait(Deadline until = kNever);

 private:
  asio::steady_timer timer_;
};

/// Owns background tasks: failures are logged with the task's name, all are cancelled and joined before the group dies.
class TaskGroup {
 public:
  TaskGroup(Loop& loop, std::string name);
  ~TaskGroup();
  void spawn(std::string name, Task<void> task);
  std::size_t size() const;
  /// Asks every task to end; idempotent.
  void cancel();
  /// Ends when the last task has ended.
  Task<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace stoker::io
