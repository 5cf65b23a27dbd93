#include "api/http/path.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::api {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error bad_path(std::string why) { return Error(ErrorCode::kInvalidInput, "the path of the request is not one: " + std::move(why)); }

Status check_segment(std::string_view segment) {
  if (segment.empty()) return bad_path("it has an empty part");
  if (segment == "." || segment == "..") return bad_path("\".\" and \"..\" are not allowed");
  if (segment.find('/') != std::string_view::npos) return bad_path("it has an encoded slash");
  if (segment.find('\\') != std::string_view::npos) return bad_path("it has a backslash");
  return ok();
}

Result<std::vector<std::string>> parse_segments(std::string_view path) {
  std::vector<std::string> segments;
  if (path == "/") return segments;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    TRY(auto segment, percent_decode(path.substr(0, slash), false));
    CHECK_OK(check_segment(segment));
    segments.push_back(std::move(segment));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return bad_path("a % that two hexadecimal digits do not follow");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return bad_path("it has a NUL");
    out.push_back(c);
  }
  if (!is_valid_utf8(out)) return bad_path("it is not UTF-8");
  return out;
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    TRY(auto name, percent_decode(part.substr(0, equals), true));
    TRY(auto value, percent_decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true));
    query.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

Result<Target> parse_target(std::string_view text) {
  if (text.empty() || text.front() != '/') return bad_path("it does not begin with /");
  if (text.find('#') != std::string_view::npos) return bad_path("it has a #, which belongs to the client");
  const auto question = text.find('?');
  Target target;
  TRY(target.segments, parse_segments(text.substr(0, question)));
  if (question == std::string_view::npos) return target;
  TRY(target.query, parse_query(text.substr(question + 1)));
  return target;
}

}  // namespace stoker::api
