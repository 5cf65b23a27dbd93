#pragma once
// JSON from outside is read field by field, so that all mistakes are reported at once, each with its path
// ("spec.resources.gpus"); Boost.JSON does the text. Depth and size are bounded before anything is built.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace stoker {

namespace json = boost::json;

/// Errors say line and column. Depth at most 64; the caller bounds the size.
Result<json::value> parse_json(std::string_view text);

/// Reads the fields of one object. Every getter notes a mistake instead of failing; ask `finish()` once at the end.
/// A field that is there and null counts as absent. Unknown fields are mistakes with "did you mean".
class FieldReader {
 public:
  /// `path` is the prefix of the mistakes' paths, e.g. "spec". A value that is no object is itself a mistake.
  FieldReader(const json::value& value, std::string path, std::vector<Mistake>& mistakes);
  /// Notes the fields that nobody asked for.
  ~FieldReader();
  FieldReader(const FieldReader&) = delete;
  FieldReader& operator=(const FieldReader&) = delete;

  std::string text(std::string_view name, std::optional<std::string> fallback = std::nullopt);  // no fallback: required
  std::optional<std::string> optional_text(std::string_view name);
  std::int64_t integer(std::string_view name, std::int64_t low, std::int64_t high, std::optional<std::int64_t> fallback = std::nullopt);
  std::optional<double> optional_number(std::string_view name);
  bool boolean(std::string_view name, std::optional<bool> fallback = std::nullopt);
  std::optional<Time> optional_time(std::string_view name);
  std::vector<std::string> texts(std::string_view name);               // absent: empty
  std::map<std::string, std::string> text_map(std::string_view name);  // absent: empty
  std::map<std::string, std::optional<std::string>> optional_text_map(std::string_view name);
  /// The raw value for a nested reader, nullptr when absent; `path_of(name)` is its path.
  const json::value* child(std::string_view name);
  std::string path_of(std::string_view name) const;
  void mistake(std::string_view name, std::string message);
  /// Accept and drop fields that other versions may send.
  void ignore_unknown() { report_unknown_ = false; }

 private:
  const json::value* take(std::string_view name);
  const json::object* object_ = nullptr;
  std::string path_;
  std::vector<Mistake>& mistakes_;
  std::vector<std::string> asked_;
  bool report_unknown_ = true;
};

/// kInvalidInput with all the mistakes, or ok.
Status mistakes_to_status(std::string message, std::vector<Mistake> mistakes);

json::value to_json(const Error& error);
/// The reverse, for clients. What is not an error body becomes kProtocol.
Error error_from_json(const json::value& body, int http_status);

/// `nullopt` becomes null.
json::value json_or_null(const std::optional<std::string>& text);
json::value json_or_null(const std::optional<Time>& time);
json::value json_or_null(const std::optional<double>& number);
json::value json_or_null(const std::optional<std::int64_t>& number);
json::object to_json(const std::map<std::string, std::string>& map);

/// Valid UTF-8 is kept; each byte that is not becomes U+FFFD. For showing output that is not text.
std::string to_valid_utf8(std::string_view bytes);
bool is_valid_utf8(std::string_view bytes);

}  // namespace stoker
