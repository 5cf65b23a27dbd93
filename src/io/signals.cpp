#include "io/signals.hpp"

#include <boost/asio/signal_set.hpp>

#include <vector>

namespace stoker::io {
namespace {

Task<int> wait_for(std::vector<int> signals) {
  asio::signal_set set(co_await asio::this_coro::executor);
  for (const int signal : signals) set.add(signal);
  co_return co_await set.async_wait(asio::use_awaitable);
}

}  // namespace

Task<int> wait_for_signal(std::initializer_list<int> signals) { return wait_for(std::vector<int>(signals)); }

}  // namespace stoker::io
