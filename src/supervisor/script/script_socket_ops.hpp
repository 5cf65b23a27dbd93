#pragma once
// What a line of the script's socket says (the table is in README.md of this folder). Pure: text in, journal records and calls out.
// Fast: a metric costs about a microsecond; 300,000 lines a second must pass.

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "domain/metric.hpp"
#include "protocol/record.hpp"

namespace stoker::supervisor {

/// Synchronous calls: they can fail, and the script waits for the answer.
struct FlushCall {
  double timeout_seconds = 5;
};
struct PropertiesCall {
  std::map<std::string, std::string> values;
};
struct UploadCall {
  std::string name;
  std::string path;  // absolute
};
struct ApiCall {
  std::string method;
  std::string path;  // /api/v1/...
  json::value body;  // null: none
};
using Call = std::variant<FlushCall, PropertiesCall, UploadCall, ApiCall>;

struct ScriptLine {
  json::value id;  // null: no answer is wanted
  std::vector<protocol::Payload> records;
  std::optional<Call> call;
};

/// A line that could not be used, with its id where one could be read.
struct BadLine {
  json::value id;
  Error error;
};

/// Keeps its memory between lines.
class ScriptLineParser {
 public:
  /// `now` is the time of points that bring none.
  std::variant<ScriptLine, BadLine> parse(std::string_view line, Time now);

 private:
  alignas(16) unsigned char memory_[16384];
};

/// A list is cut into points of at most so many bytes of values, which get_metrics puts together again.
inline constexpr std::size_t kMaxPointBytes = 256U << 10;
/// A single value larger than this is refused.
inline constexpr std::size_t kMaxValueBytes = 1U << 20;

}  // namespace stoker::supervisor
