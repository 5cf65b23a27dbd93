#pragma once
// Where output goes: a terminal (width, colours, letters that it can show) or a pipe. stdout is for data, stderr for talk.

#include <functional>
#include <string>
#include <string_view>

#include "client/home.hpp"

namespace stoker::cli {

struct Terminal {
  bool is_terminal = false;
  bool has_colour = false;   // a terminal, no NO_COLOR, TERM is not dumb
  bool can_repaint = false;  // a terminal, TERM is not dumb
  bool has_unicode = true;   // false where the locale names another character set
  int width = 0;             // columns; 0: no limit (a pipe)
  int height = 0;
};

Terminal look_at(int fd, const client::Variables& variables);

enum class Style { kPlain, kBold, kDim, kGreen, kRed, kYellow, kCyan };

class Output {
 public:
  using Writer = std::function<void(std::string_view)>;
  Output(Writer writer, Terminal terminal) : writer_(std::move(writer)), terminal_(terminal) {}
  /// Writes at once, unbuffered.
  static Output to_fd(int fd, const client::Variables& variables);

  void write(std::string_view text) { writer_(text); }
  void line(std::string_view text = "");
  const Terminal& terminal() const { return terminal_; }
  /// Asks for the width again: windows change.
  void measure();
  bool is_terminal() const { return terminal_.is_terminal; }
  std::string styled(std::string_view text, Style style) const { return paint(text, terminal_.has_colour ? style : Style::kPlain); }
  static std::string paint(std::string_view text, Style style);

 private:
  Writer writer_;
  Terminal terminal_;
  int fd_ = -1;
};

}  // namespace stoker::cli
