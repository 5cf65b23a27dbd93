#pragma once
// Cuts one HTTP/1.x request out of a byte stream: Beast's parser writing into our Head. The only file of the server that knows Beast.
// Refused besides what Beast refuses: two Hosts or none, transfer encodings other than plain chunks, chunks with a length.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/http.hpp"

namespace stoker::api {

class RequestParser {
 public:
  explicit RequestParser(std::size_t head_limit);
  ~RequestParser();

  /// Forgets the present request.
  void begin();
  /// How many bytes of the front were used. Stops after the head: what follows is the body's. 0 while the head is not whole.
  /// `status` of the answer (400, 417, 431, 501, 505) is found in `refusal_status` after an error.
  Result<std::size_t> feed_head(std::string_view bytes, Head& head);
  /// A chunked body: takes bytes, appends the content to `out`.
  Result<std::size_t> feed_chunks(std::string_view bytes, std::string& out);

  bool head_is_done() const;
  bool is_done() const;
  bool is_chunked() const;
  std::optional<std::uint64_t> content_length() const;
  bool keep_alive() const;
  bool expects_continue() const { return expects_continue_; }
  int refusal_status() const { return refusal_status_; }

 private:
  class Beast;
  Error refuse(int status, std::string message);
  Status check_head(const Head& head);
  std::size_t head_limit_;
  std::unique_ptr<Beast> beast_;
  bool expects_continue_ = false;
  int refusal_status_ = 400;
};

}  // namespace stoker::api
