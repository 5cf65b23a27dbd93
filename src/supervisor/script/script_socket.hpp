#pragma once
// The Unix socket through which a script (and whatever it starts) reaches its supervisor: newline-separated JSON, the table is in
// FORMAT.md. What a script logs goes to the journal and is never answered; calls that can fail are answered by their id. Made by
// link_services.hpp for attempt.cpp, which calls open(), drain(), stop(). Back-pressure is not reading.

#include <memory>
#include <string>

#include "io/task.hpp"
#include "supervisor/link/link_http.hpp"
#include "supervisor/script/script_socket_calls.hpp"
#include "supervisor/script/script_socket_ops.hpp"
#include "supervisor/services.hpp"

namespace stoker::supervisor {

inline constexpr std::size_t kMaxLineBytes = 64U << 20;
/// sun_path has 108 bytes; Python 3.6 and friends want some of them.
inline constexpr std::size_t kMaxSocketPath = 100;

class ScriptListener final : public ScriptSocket {
 public:
  /// `calls` outlives this. `clock` gives points without a time theirs.
  ScriptListener(const AttemptContext& context, ScriptCalls& calls, const Clock& clock);
  ~ScriptListener() override;

  Result<std::string> open() override;
  io::Task<void> drain() override;
  io::Task<void> stop() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The private folder of a spool's socket: below XDG_RUNTIME_DIR where that is ours and short, else /tmp. The same for the same spool,
/// so that what a crash left is found again.
std::string socket_folder(const std::string& spool_path);

}  // namespace stoker::supervisor
