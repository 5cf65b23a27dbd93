#pragma once
// One client connection: heads in, replies out, again and again. Buffers are small and given back while the client is silent or follows a
// run, so that ten thousand followers are cheap. Deadlines are a field that the server's one sweep looks at, not a timer each.

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "api/http/http_server.hpp"
#include "api/http/request_parser.hpp"
#include "api/router.hpp"
#include "io/task.hpp"

namespace stoker::api {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, io::Loop::executor_type>;

class Connection final : public BodyReader, public ReplySink, public Peer {
 public:
  Connection(const Services& services, const Responder& responder, const HttpLimits& limits, io::Pool& transfers, Socket socket);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Until the client goes, something times out, or cancellation.
  io::Task<void> serve();

  /// For the server's sweep: what took too long is cut off.
  void sweep(io::Deadline now);
  /// A request is under way that should be let end (not a stream of hours).
  bool is_busy() const { return is_busy_; }
  /// No further request is taken; a client that is between two of them is sent away.
  void retire();

  io::Task<Result<std::size_t>> read(char* out, std::size_t size) override;
  void must_end_within(std::chrono::milliseconds duration) override { body_until_ = io::in(duration); }
  std::optional<std::uint64_t> length() const override { return body_length_; }
  io::Task<Status> write(std::string_view bytes) override;
  bool is_gone() override;
  io::Task<std::optional<uid_t>> uid() override;

 private:
  enum class Cut : std::uint8_t { kBoth, kReading };  // what a deadline shuts

  io::Task<bool> read_head();
  io::Task<bool> answer_one();
  void begin_body();
  io::Task<bool> end_body();
  io::Task<std::size_t> receive(char* out, std::size_t size);
  io::Task<std::size_t> fill(std::size_t size);
  io::Task<Result<std::size_t>> read_chunks(char* out, std::size_t size);
  std::size_t take(std::string& from, char* out, std::size_t size);
  io::Task<bool> send(std::string_view head, std::string_view body);
  io::Task<bool> reply(Reply reply, bool keep);
  io::Task<bool> reply_stream(Reply reply, bool keep);
  io::Task<void> hand_over(Reply reply);
  io::Task<void> linger();
  std::string head_of(const Reply& reply, bool keep) const;
  bool sends_chunks(const Reply& reply) const;
  bool has_unread_body() const;
  void limit(std::chrono::milliseconds duration, Cut cut);
  void unlimited() { deadline_ = io::kNever; }
  void cut(Cut what);
  void forget_request();

  const Services& services_;
  const Responder& responder_;
  const HttpLimits& limits_;
  io::Pool& transfers_;
  Socket socket_;
  RequestParser parser_;
  Head head_;
  std::string in_;      // received and not used yet
  std::string chunks_;  // decoded and not read yet
  std::optional<std::uint64_t> body_length_;
  std::uint64_t body_left_ = 0;  // of body_length_
  io::Deadline body_until_ = io::kNever;
  bool owes_continue_ = false;
  bool body_failed_ = false;
  bool writes_chunks_ = false;
  bool stream_failed_ = false;
  std::optional<std::uint64_t> stream_left_;
  bool is_busy_ = false;
  bool is_retired_ = false;
  bool is_idle_ = true;
  bool timed_out_ = false;
  io::Deadline deadline_ = io::kNever;
  Cut cut_ = Cut::kBoth;
  std::optional<std::optional<uid_t>> uid_;
};

}  // namespace stoker::api
