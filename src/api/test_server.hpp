#pragma once
// For the tests of this folder: a real server on a loopback port, over real stores in a temporary folder and the mock target, with its
// loop on a thread of its own; and a client that speaks bytes, so that it can be wrong on purpose.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

#include "api/http/http_server.hpp"
#include "api/router.hpp"
#include "runs/in_process_link.hpp"
#include "targets/mock/mock.hpp"

namespace stoker::api {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  json::object record() const;
  /// error.code of an error's body.
  std::string code() const;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server cut the connection.
  bool send(std::string_view bytes);
  /// The next whole answer; status 0 when the server closed before one came.
  Answer receive(bool is_head = false);
  /// What has come once `mark` is in it, or the server closed.
  std::string receive_until(std::string_view mark);
  /// True when the server closes within ten seconds.
  bool is_closed_by_server();
  int descriptor() const { return socket_; }

 private:
  bool fill();
  std::string take_line();
  std::string take_bytes(std::size_t count);
  int socket_ = -1;
  std::string in_;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

class ServerTest : public testing::Test {
 protected:
  static constexpr std::string_view kOwnerToken = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  ServerTest();
  ~ServerTest() override;
  /// To be called by the test, with limits of its own if it likes.
  void start(HttpLimits limits = {});
  void stop();

  Answer request(std::string_view method, const std::string& target, const std::string& body = "", const Headers& headers = {});
  Answer request_as(std::string_view token, std::string_view method, const std::string& target, const std::string& body = "",
                    const Headers& headers = {});
  static std::string text_of_request(std::string_view method, std::string_view target, std::string_view token, std::string_view body = "",
                                     const Headers& headers = {});
  std::uint16_t port() const { return server_->port(); }

  /// Submits a run that plays `play` (targets/mock); its id.
  std::string submit(const std::string& play = "success", const std::string& parent = "");
  /// The record once the run's state is `state`.
  json::object wait_for(const std::string& run, std::string_view state);
  /// On the loop, and its result here.
  template <class T>
  T on_loop(std::function<io::Task<T>()> task) {
    return io::asio::co_spawn(loop_, task, io::asio::use_future).get();
  }
  /// Output of a run as if its supervisor had sent it.
  void say(const std::string& run, std::string_view bytes, std::uint64_t offset, std::uint8_t stream = 1);
  void log_metric(const std::string& run, std::uint64_t seq, const std::string& name, double value);
  void wake(const std::string& run);

  io::Loop loop_;
  io::Pool pool_{4};
  std::string folder_;
  SystemClock clock_;
  SystemRandom random_;
  Tokens tokens_{std::string(kOwnerToken), "secret of the server", "/home/ada/.stoker/token"};
  runs::RunFeed feed_{loop_};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<logs::LogStore> logs_;
  std::unique_ptr<metrics::MetricStore> metrics_, samples_;
  std::unique_ptr<snapshots::ObjectStore> objects_;
  runs::InProcessWorld world_{loop_};
  std::unique_ptr<runs::RunService> runs_;
  std::unique_ptr<HttpServer> server_;
  std::atomic<int> stops_asked_ = 0;
  boost::asio::executor_work_guard<io::Loop::executor_type> work_{loop_.get_executor()};
  std::thread thread_;
};

}  // namespace stoker::api
