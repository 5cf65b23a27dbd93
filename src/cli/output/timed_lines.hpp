#pragma once
// A run's output as lines, each with the stream and the time of its first byte. Streams that write into each other's lines are kept apart. Pure.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace stoker::cli {

struct TimedLine {
  std::string time;  // RFC 3339
  std::string stream;
  std::string text;  // without its end
};

class TimedLines {
 public:
  using Sink = std::function<void(const TimedLine&)>;
  explicit TimedLines(Sink sink) : sink_(std::move(sink)) {}
  /// Bytes of one span of the log, in order.
  void take(std::string_view time, std::string_view stream, std::string_view bytes);
  /// Lines without an end.
  void finish();

 private:
  Sink sink_;
  std::map<std::string, TimedLine, std::less<>> open_;  // by stream
};

}  // namespace stoker::cli
