#pragma once
// A request and its answer as the handlers see them: no sockets, no Beast. The connection (connection.cpp) fills a Request from its
// parser and writes the Reply; tests and the fuzz target make both by hand.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "io/task.hpp"

namespace stoker::api {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view to_text(Method method);
Method method_from_text(std::string_view text);

/// The head of a request. Names and values lie in one piece of memory that is used again for the next request.
class Head {
 public:
  void clear();
  void set_request(Method method, std::string_view target, int minor_version);
  void add(std::string_view name, std::string_view value);

  Method method() const { return method_; }
  /// HEAD is handled as GET whose body is not sent.
  Method handled_method() const { return method_ == Method::kHead ? Method::kGet : method_; }
  std::string_view target() const { return std::string_view(text_).substr(0, target_size_); }
  int minor_version() const { return minor_version_; }
  /// The first field of that name (any case); nullopt when there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Gives memory back; for connections that wait for long.
  void shrink();

 private:
  struct Field {
    std::uint32_t name_at, name_size, value_at, value_size;
  };
  std::string text_;
  std::vector<Field> fields_;
  std::size_t target_size_ = 0;
  Method method_ = Method::kOther;
  int minor_version_ = 1;
};

/// The bytes of a request's body, as they come. Whoever does not read is back-pressure for the client.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Fills the front of `out`; 0 at the end. kProtocol when the client went away or sent garbage, kTimeout, kInputTooLarge.
  virtual io::Task<Result<std::size_t>> read(char* out, std::size_t size) = 0;
  /// For bodies that are wanted whole: a deadline for all that is still to come, from now.
  virtual void must_end_within(std::chrono::milliseconds) {}
  /// As the client announced it; nullopt for chunks.
  virtual std::optional<std::uint64_t> length() const = 0;
};

/// Where a streamed answer goes. Awaiting the write is the back-pressure of a slow reader.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  /// kServerUnreachable when the reader is gone or does not take anything for too long.
  virtual io::Task<Status> write(std::string_view bytes) = 0;
  /// The reader has closed: nothing that is written will be read.
  virtual bool is_gone() = 0;
};

/// A socket that left HTTP behind, with what the client sent beyond the head.
struct Upgraded {
  int socket = -1;  // to be owned
  std::string leftover;
};

struct Reply {
  using Headers = std::vector<std::pair<std::string_view, std::string>>;
  int status = 200;
  std::string_view content_type = "application/json";
  Headers headers;
  std::string body;
  /// Set: `body` is not used. With `length` exactly so many bytes are written, else chunks. An error after the head cuts the connection,
  /// so that a part is never taken for the whole.
  std::function<io::Task<Status>(ReplySink&)> stream;
  std::optional<std::uint64_t> length;
  /// Follows a run for hours: the connection gives its buffers back.
  bool is_long = false;
  /// Set: 101 with `headers`, then the socket is handed over.
  std::function<io::Task<void>(Upgraded)> upgrade;
};

Reply json_reply(int status, const json::value& body);
/// The status of the error's code, and its JSON.
Reply error_reply(const Error& error);
std::string_view reason_phrase(int status);

}  // namespace stoker::api
