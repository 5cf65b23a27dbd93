#include "client/console/pump.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace stoker::client {
namespace {

// Background children get this long to write their last lines after the program's end, as in submitted runs.
constexpr int kQuietMs = 1000;
constexpr std::size_t kPiece = 64U << 10;

}  // namespace

ConsolePump::ConsolePump(std::vector<ConsoleInput> inputs, int control, Keep keep, std::function<void()> flushed)
    : inputs_(std::move(inputs)), control_(control), keep_(std::move(keep)), flushed_(std::move(flushed)) {}

bool ConsolePump::is_open() const {
  return std::ranges::any_of(inputs_, [](const ConsoleInput& input) { return input.fd >= 0; });
}

OwnerEnd ConsolePump::run() {
  for (;;) {
    const bool is_over = end_ || control_ < 0;
    if (is_over && !is_open()) break;
    if (control_ < 0 && was_flushed_) break;
    // The end was said before the last bytes were read: only silence tells that there are no more. A flush takes what is there now.
    const bool came = poll_once(wants_flush_ ? 0 : end_ ? kQuietMs : -1);
    if (came) continue;
    if (std::exchange(wants_flush_, false)) {
      was_flushed_ = true;
      flushed_();
      continue;
    }
    if (end_) break;
  }
  if (end_) return OwnerEnd::kSaid;
  return was_flushed_ ? OwnerEnd::kLeft : OwnerEnd::kVanished;
}

void ConsolePump::pass_on() {
  keep_ = [](std::uint8_t, std::string_view) {};
  while (is_open()) poll_once(-1);
}

bool ConsolePump::poll_once(int timeout_ms) {
  std::vector<pollfd> fds;
  for (const auto& input : inputs_) fds.push_back({.fd = input.fd, .events = POLLIN, .revents = 0});
  fds.push_back({.fd = control_, .events = POLLIN, .revents = 0});
  const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
  if (ready < 0) return errno == EINTR;
  bool came = false;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (fds[i].revents != 0) came = read_input(inputs_[i]) || came;
  }
  // After the pipes: what was written before a command is read before it is obeyed.
  if (fds.back().revents != 0) {
    read_control();
    came = true;
  }
  return came;
}

bool ConsolePump::read_input(ConsoleInput& input) {
  std::array<char, kPiece> buffer;
  const auto count = ::read(input.fd, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (count <= 0) {
    ::close(std::exchange(input.fd, -1));
    return true;
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  keep_(input.stream, bytes);
  // A terminal that was closed, or a reader that has gone, ends the showing and nothing else.
  if (input.echo >= 0 && !io::write_all(input.echo, bytes)) input.echo = -1;
  return true;
}

void ConsolePump::read_control() {
  std::array<char, 4096> buffer;
  const auto count = ::read(control_, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    control_ = -1;
    return;
  }
  commands_.append(buffer.data(), static_cast<std::size_t>(count));
  for (auto end = commands_.find('\n'); end != std::string::npos; end = commands_.find('\n')) {
    obey(std::string_view(commands_).substr(0, end));
    commands_.erase(0, end + 1);
  }
}

void ConsolePump::obey(std::string_view line) {
  if (line == "flush") wants_flush_ = true;
  if (!line.starts_with("end ")) return;
  auto said = parse_json(line.substr(4));
  if (said) end_ = std::move(*said);
}

}  // namespace stoker::client
