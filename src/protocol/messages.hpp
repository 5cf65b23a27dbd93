#pragma once
// Control messages between server and supervisor: JSON objects with a "type" (FORMAT.md, golden files in testdata/).
// A server speaks its own and the previous version, because a run may outlive an upgrade; unknown fields are ignored.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "domain/ids.hpp"
#include "domain/run_spec.hpp"
#include "protocol/frame.hpp"

namespace stoker::protocol {

inline constexpr int kVersion = 3;
inline constexpr int kOldestVersion = 2;
/// kProtocol, with what to do, unless this side speaks `version`.
Status check_version(int version);

/// Server → supervisor: begin this attempt. The same attempt key again changes nothing.
struct StartMessage {
  RunId run;
  int attempt = 0;
  RunSpec spec;
  std::vector<int> gpu_indices;
  std::int64_t host_gpus = 0;  // CUDA_VISIBLE_DEVICES is set whenever the machine has GPUs
  std::string run_token;
  std::string server_url;
  std::map<std::string, std::string> identity_variables;  // AZUREML_*: the strongest layer
  std::vector<DataPlan> data;  // what is laid out and stored; since version 3, and only then in the message when there is some
};

/// Where an attempt's journal stands.
struct AttemptStatus {
  RunId run;
  int attempt = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t acked_seq = 0;  // as far as the supervisor knows
  friend bool operator==(const AttemptStatus&, const AttemptStatus&) = default;
};

/// Supervisor → server: the first message on a connection.
struct HelloMessage {
  int version = kVersion;
  std::string supervisor_id;
  std::string boot_id;
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;
  std::string build;
  std::optional<AttemptStatus> current;  // nullopt: idle
};
/// Server → supervisor: the answer to hello.
struct WelcomeMessage {
  int version = kVersion;
  std::string server_instance;
};
/// Server → supervisor: records up to `seq` are durable. Also sent after welcome for the current attempt, so that sending resumes there.
struct AckMessage {
  RunId run;
  int attempt = 0;
  std::uint64_t seq = 0;
};
struct CancelMessage {
  RunId run;
  int attempt = 0;
  std::int64_t grace_seconds = 10;
  std::string by;
};
/// Server → supervisor: everything of this attempt is settled; its spool may go.
struct ReleaseMessage {
  RunId run;
  int attempt = 0;
};
/// Supervisor → server: ready for the next attempt.
struct IdleMessage {};
/// Server → supervisor: exit as soon as nothing runs.
struct QuitMessage {};
/// Server → supervisor: with a run, that attempt is not wanted: kill it and drop its spool. Without one, this connection is not: try
/// again later; an attempt that runs goes on.
struct RefusedMessage {
  std::string reason;
  bool fatal = false;  // without a run: exit as soon as nothing is here (unknown version, unknown id)
  RunId run;           // empty: the connection as a whole
  int attempt = 0;
};

using Message =
    std::variant<StartMessage, HelloMessage, WelcomeMessage, AckMessage, CancelMessage, ReleaseMessage, IdleMessage, QuitMessage, RefusedMessage>;

json::object to_json(const Message& message);
/// All mistakes at once. kProtocol for an unknown type.
Result<Message> parse_message(const json::value& value);

Frame to_frame(const Message& message);
/// A kControl frame; anything else is kProtocol.
Result<Message> parse_message(const Frame& frame);

/// `<run id>.<attempt>`: names the spool folder and marks the processes of an attempt.
std::string attempt_key(const RunId& run, int attempt);

}  // namespace stoker::protocol
