#include "cli/output/timed_lines.hpp"

#include <algorithm>

namespace stoker::cli {

void TimedLines::take(std::string_view time, std::string_view stream, std::string_view bytes) {
  auto& line = open_[std::string(stream)];
  while (!bytes.empty()) {
    if (line.text.empty()) line.time = time;
    line.stream = stream;
    const auto end = bytes.find('\n');
    line.text += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    sink_(line);
    line.text.clear();
    bytes.remove_prefix(end + 1);
  }
}

void TimedLines::finish() {
  for (auto& [stream, line] : open_) {
    if (!line.text.empty()) sink_(line);
    line.text.clear();
  }
}

}  // namespace stoker::cli
