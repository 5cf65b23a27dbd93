#pragma once
// Blocking HTTP to the server on threads of its own, awaited from the loop; a cancelled caller interrupts its request. Used by the
// services of an attempt (uploads, snapshot, calls of the script), which must never make the shared pool wait for a server that is away.

#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "io/http_client.hpp"
#include "io/task.hpp"
#include "supervisor/link/server_address.hpp"

namespace stoker::supervisor {

/// Trying again later can help: no answer, silence, overload, a full disk over there.
bool is_server_away(const Error& error);

/// Waits between tries: 100 ms, then twice as long each time, 5 s at most.
class BackOff {
 public:
  io::Task<void> wait();
  void reset() { next_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{100};
  std::chrono::milliseconds next_ = kFirst;
};

class HttpWorkers {
 public:
  /// Threads are started with the first job.
  /// `address`, where given, is where `options.url` moves to.
  HttpWorkers(io::Loop& loop, io::HttpOptions options, unsigned threads, const ServerAddress* address = nullptr);
  /// Interrupts what runs and waits for it.
  ~HttpWorkers();

  /// `work` on one of the threads with a client that is its own meanwhile. It must not touch the loop's things.
  template <class T>
  io::Task<Result<T>> run(std::function<Result<T>(io::HttpClient&)> work);
  unsigned threads() const { return threads_; }

 private:
  template <class T>
  struct Job {
    explicit Job(io::Loop& loop) : done(loop) {}
    std::optional<Result<T>> result;
    io::Signal done;
  };
  Result<std::shared_ptr<io::HttpClient>> take_client();
  void follow_address();
  void give_back(std::shared_ptr<io::HttpClient> client);
  void post(std::function<void()> work);

  io::Loop& loop_;
  io::HttpOptions options_;
  unsigned threads_;
  const ServerAddress* address_;
  std::vector<std::shared_ptr<io::HttpClient>> free_, busy_, outdated_;
  std::unique_ptr<io::Pool> pool_;
};

template <class T>
io::Task<Result<T>> HttpWorkers::run(std::function<Result<T>(io::HttpClient&)> work) {
  CO_TRY(auto client, take_client());
  auto job = std::make_shared<Job<T>>(loop_);
  // Everything is shared: the job may outlive the caller for a moment.
  post([&loop = loop_, job, client, work = std::move(work)] {
    auto result = std::make_shared<Result<T>>(work(*client));
    io::asio::post(loop, [job, result] {
      job->result.emplace(std::move(*result));
      job->done.notify();
    });
  });
  bool is_cancelled = false;
  try {
    while (!job->result) co_await job->done.wait();
  } catch (const boost::system::system_error&) {
    is_cancelled = true;
  }
  if (is_cancelled) {
    co_await io::asio::this_coro::reset_cancellation_state();
    client->interrupt();
    while (!job->result) co_await job->done.wait();
    std::erase(busy_, client);
    throw boost::system::system_error(io::asio::error::operation_aborted);
  }
  give_back(std::move(client));
  co_return std::move(*job->result);
}

}  // namespace stoker::supervisor
