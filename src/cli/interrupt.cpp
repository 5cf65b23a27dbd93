#include "cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <utility>

namespace stoker::cli {
namespace {

// Read by the handler, so set before it is installed and left alone while it is.
std::string farewell_out, farewell_err;

void say(int fd, const std::string& text) {
  if (!text.empty() && ::write(fd, text.data(), text.size()) < 0) return;
}

void on_interrupt(int) {
  say(STDOUT_FILENO, farewell_out);
  say(STDERR_FILENO, farewell_err);
  ::_exit(130);
}

}  // namespace

FarewellOnInterrupt::FarewellOnInterrupt(std::string to_stdout, std::string to_stderr) {
  farewell_out = std::move(to_stdout);
  farewell_err = std::move(to_stderr);
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
}

FarewellOnInterrupt::~FarewellOnInterrupt() { ::signal(SIGINT, SIG_DFL); }

}  // namespace stoker::cli
