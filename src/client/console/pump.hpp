#pragma once
// Reads what a program writes into its pipes, passes it on to where it would have gone, and keeps it. Its owner says over the control pipe, a line
// each:
//   flush        all that was written so far is wanted with the server; `flushed` is called when it was read
//   end {json}   the program has ended so (the body of POST /runs/{run}/end); what is in the pipes is still read
// The control pipe's end without `end` means that the owner is gone: left in good order when it had asked for a flush, else killed.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "io/file.hpp"

namespace stoker::client {

struct ConsoleInput {
  int fd = -1;
  std::uint8_t stream = 1;  // 1 stdout, 2 stderr
  int echo = -1;            // where its bytes go on to; -1: nowhere
};

enum class OwnerEnd { kSaid, kLeft, kVanished };

class ConsolePump {
 public:
  using Keep = std::function<void(std::uint8_t stream, std::string_view bytes)>;
  ConsolePump(std::vector<ConsoleInput> inputs, int control, Keep keep, std::function<void()> flushed);

  /// Until the program has ended and its pipes are empty; of one whose owner vanished until nobody has them open any more.
  OwnerEnd run();
  /// What the owner said of the end.
  const std::optional<json::value>& end() const { return end_; }
  /// Somebody has a pipe open still (a daemon that the program left): its output goes on to where it went, and is not kept.
  bool is_open() const;
  void pass_on();

 private:
  bool poll_once(int timeout_ms);  // false: nothing came
  bool read_input(ConsoleInput& input);
  void read_control();
  void obey(std::string_view line);

  std::vector<ConsoleInput> inputs_;
  int control_;
  Keep keep_;
  std::function<void()> flushed_;
  std::string commands_;  // the beginning of a line
  bool wants_flush_ = false;
  bool was_flushed_ = false;
  std::optional<json::value> end_;
};

}  // namespace stoker::client
