#pragma once
// The one error type of stoker: told to a person, mapped to HTTP and to an exit code by one table (error.cpp).
// Expected failures are values (Result<T>); exceptions mean bugs or exhaustion.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stoker {

/// Closed set; each has a stable slug (`run.not_found`), an HTTP status, an exit code and a sentence in error.cpp.
enum class ErrorCode : std::uint8_t {
  kInvalidInput,        // input.invalid: a field, an argument or a body is wrong
  kInputTooLarge,       // input.too_large
  kUnauthenticated,     // auth.missing: no token, or one that is not known
  kForbidden,           // auth.forbidden: the token does not reach this
  kNotFound,            // not_found
  kConflict,            // conflict: exists already, or changed meanwhile
  kWrongState,          // state.wrong: the thing is not in a state that allows this
  kUnsupported,         // unsupported: known, and not offered (yet)
  kScriptNotFound,      // source.script_not_found
  kSourceInvalid,       // source.invalid: folder missing, sockets, unreadable files, links out of it …
  kEnvironmentInvalid,  // environment.invalid: interpreter missing …
  kTargetRejected,      // target.rejected
  kSnapshotCorrupt,     // store.corrupt: what is read is not what was written
  kDataFormat,          // data.format: written by a newer version, or not ours
  kDataBusy,            // data.busy: another server has the data folder
  kDataLocation,        // data.location: network file system, read-only, not a folder
  kStorageFull,         // storage.full
  kIo,                  // io: the operating system said no
  kAddressInUse,        // server.address_in_use
  kServerUnreachable,   // server.unreachable
  kServerStart,         // server.start: the server could not be started
  kProtocol,            // protocol: the other side does not speak ours, or garbage
  kTimeout,             // timeout
  kCanceled,            // canceled
  kRunFailed,           // run.failed: the run that was waited for failed
  kRunCanceled,         // run.canceled
  kRunLost,             // run.lost
  kOverloaded,          // overloaded: try again later
  kInternal,            // internal: a bug; the log has the rest
};

struct ErrorCodeInfo {
  ErrorCode code;
  std::string_view slug;
  int http_status;
  int exit_code;
  std::string_view sentence;  // for docs/reference/errors.md
};

std::span<const ErrorCodeInfo> error_code_table();
const ErrorCodeInfo& info(ErrorCode code);
/// kInternal for an unknown slug (a newer server may know more codes).
ErrorCode error_code_from_slug(std::string_view slug);

/// One mistake of an input: where (`spec.resources.gpus`, `train.yml:3:7`) and what.
struct Mistake {
  std::string path;
  std::string message;
  friend bool operator==(const Mistake&, const Mistake&) = default;
};

class Error {
 public:
  Error() : code_(ErrorCode::kInternal) {}
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  Error& because(Error cause) &;
  Error&& because(Error cause) && { return std::move(because(std::move(cause))); }
  Error& because(std::string cause) &;
  Error&& because(std::string cause) && { return std::move(because(std::move(cause))); }
  Error& hint(std::string text) & {
    hint_ = std::move(text);
    return *this;
  }
  Error&& hint(std::string text) && { return std::move(hint(std::move(text))); }
  Error& mistakes(std::vector<Mistake> list) & {
    mistakes_ = std::move(list);
    return *this;
  }
  Error&& mistakes(std::vector<Mistake> list) && { return std::move(mistakes(std::move(list))); }
  Error& retryable(bool yes = true) & {
    retryable_ = yes;
    return *this;
  }
  Error&& retryable(bool yes = true) && { return std::move(retryable(yes)); }
  /// Adds a frame on the way up: "while starting run r-12 on target local".
  Error& at(std::string frame) & {
    where_.push_back(std::move(frame));
    return *this;
  }
  Error&& at(std::string frame) && { return std::move(at(std::move(frame))); }

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& cause() const { return cause_; }
  const std::string& hint_text() const { return hint_; }
  const std::vector<Mistake>& mistake_list() const { return mistakes_; }
  const std::vector<std::string>& where() const { return where_; }
  bool is_retryable() const { return retryable_; }

  /// `error: … [slug]`, then `  because: …`, one `  - path: message` per mistake, `  try: …`. No trailing newline.
  std::string to_terminal() const;
  /// One line for logs.
  std::string to_line() const;

 private:
  ErrorCode code_;
  bool retryable_ = false;
  std::string message_;
  std::string cause_;
  std::string hint_;
  std::vector<Mistake> mistakes_;
  std::vector<std::string> where_;
};

/// From errno: `what` is the sentence's start ("cannot open /x"); ENOSPC and EDQUOT become kStorageFull, the rest kIo.
Error errno_error(std::string what, int error_number);

}  // namespace stoker
