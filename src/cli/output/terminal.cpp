#include "cli/output/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>

namespace stoker::cli {
namespace {

void write_fully(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // a closed pipe ends the program by its signal; nobody is left to tell about the rest
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// No locale at all is common on servers, whose terminals show UTF-8 all the same; only a named other one counts.
bool names_unicode(const client::Variables& variables) {
  for (const auto* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = client::variable(variables, name);
    if (value.empty()) continue;
    for (auto& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return client::variable(variables, "TERM") != "linux";
}

void measure_window(int fd, Terminal& terminal) {
  winsize size{};
  const bool is_known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  terminal.width = is_known ? size.ws_col : 80;
  terminal.height = is_known && size.ws_row > 0 ? size.ws_row : 24;
}

}  // namespace

Terminal look_at(int fd, const client::Variables& variables) {
  Terminal terminal;
  terminal.is_terminal = ::isatty(fd) == 1;
  terminal.has_unicode = names_unicode(variables);
  if (!terminal.is_terminal) return terminal;
  terminal.can_repaint = client::variable(variables, "TERM") != "dumb";
  terminal.has_colour = terminal.can_repaint && client::variable(variables, "NO_COLOR").empty();
  measure_window(fd, terminal);
  return terminal;
}

Output Output::to_fd(int fd, const client::Variables& variables) {
  Output output([fd](std::string_view text) { write_fully(fd, text); }, look_at(fd, variables));
  output.fd_ = fd;
  return output;
}

void Output::line(std::string_view text) { write(fmt::format("{}\n", text)); }

void Output::measure() {
  if (terminal_.is_terminal && fd_ >= 0) measure_window(fd_, terminal_);
}

std::string Output::paint(std::string_view text, Style style) {
  switch (style) {
    case Style::kPlain: return std::string(text);
    case Style::kBold: return fmt::format("\x1b[1m{}\x1b[0m", text);
    case Style::kDim: return fmt::format("\x1b[2m{}\x1b[0m", text);
    case Style::kGreen: return fmt::format("\x1b[32m{}\x1b[0m", text);
    case Style::kRed: return fmt::format("\x1b[31m{}\x1b[0m", text);
    case Style::kYellow: return fmt::format("\x1b[33m{}\x1b[0m", text);
    case Style::kCyan: return fmt::format("\x1b[36m{}\x1b[0m", text);
  }
  return std::string(text);
}

}  // namespace stoker::cli
