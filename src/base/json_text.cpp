#include "base/json_text.hpp"

#include <charconv>
#include <cmath>

#include <boost/json/basic_parser_impl.hpp>

namespace stoker {
namespace {

namespace json = boost::json;
using Code = boost::system::error_code;
using Text = json::string_view;

/// Builds the value as Boost's own parser does, but for doubles.
struct ExactHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  json::value_stack stack;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t size, Code&) { return stack.push_object(size), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t size, Code&) { return stack.push_array(size), true; }
  bool on_key_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_key(Text part, std::size_t, Code&) { return stack.push_key(part), true; }
  bool on_string_part(Text part, std::size_t, Code&) { return stack.push_chars(part), true; }
  bool on_string(Text part, std::size_t, Code&) { return stack.push_string(part), true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t number, Text, Code&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Code&) { return stack.push_uint64(number), true; }
  bool on_double(double number, Text text, Code& code) {
    // The whole text lies in one buffer, so that `text` is the whole number.
    double exact = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), exact);
    if (parsed.ec != std::errc{}) exact = number;  // beyond the range: zero or infinity
    if (!std::isfinite(exact)) {
      code = json::error::exponent_overflow;  // JSON has no infinity
      return false;
    }
    return stack.push_double(exact), true;
  }
  bool on_bool(bool value, Code&) { return stack.push_bool(value), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

}  // namespace

JsonText read_json(std::string_view text, json::storage_ptr memory, Code& code) {
  json::parse_options options;
  options.max_depth = 64;
  json::basic_parser<ExactHandler> parser(options);
  parser.handler().stack.reset(std::move(memory));
  const auto used = parser.write_some(false, text.data(), text.size(), code);
  if (code) return {nullptr, used};
  return {parser.handler().stack.release(), used};
}

}  // namespace stoker
