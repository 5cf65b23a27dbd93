#pragma once
// Async code that reads top-down: Task<T> is a coroutine on the one loop. The only place where other folders see Asio.
//   Rules: name what you pass, then await; parameters by value; background work only through TaskGroup; deadlines are arguments.

#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
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

/// Runs `fn` on the pool; the result comes back on the loop of the caller. What `fn` captures must outlive the await.
template <class Fn>
Task<std::invoke_result_t<Fn>> blocking(Pool& pool, Fn fn) {
  using Value = std::invoke_result_t<Fn>;
  auto work = [fn = std::move(fn)]() mutable -> Task<Value> { co_return fn(); };
  co_return co_await asio::co_spawn(pool.executor(), std::move(work), asio::use_awaitable);
}

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline in(std::chrono::nanoseconds duration) { return std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration); }
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
