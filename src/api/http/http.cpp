#include "api/http/http.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace stoker::api {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods = {{{Method::kGet, "GET"},
                                                                          {Method::kHead, "HEAD"},
                                                                          {Method::kPost, "POST"},
                                                                          {Method::kPut, "PUT"},
                                                                          {Method::kPatch, "PATCH"},
                                                                          {Method::kDelete, "DELETE"},
                                                                          {Method::kOptions, "OPTIONS"}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view to_text(Method method) {
  for (const auto& [value, text] : kMethods)
    if (value == method) return text;
  return "other";
}

Method method_from_text(std::string_view text) {
  for (const auto& [value, name] : kMethods)
    if (name == text) return value;
  return Method::kOther;
}

void Head::clear() {
  text_.clear();
  fields_.clear();
  target_size_ = 0;
}

void Head::shrink() {
  text_.shrink_to_fit();
  fields_.shrink_to_fit();
}

void Head::set_request(Method method, std::string_view target, int minor_version) {
  clear();
  method_ = method;
  minor_version_ = minor_version;
  target_size_ = target.size();
  text_.append(target);
}

void Head::add(std::string_view name, std::string_view value) {
  const auto at = static_cast<std::uint32_t>(text_.size());
  const auto name_size = static_cast<std::uint32_t>(name.size());
  fields_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
  text_.append(name);
  text_.append(value);
}

std::optional<std::string_view> Head::find(std::string_view name) const {
  const std::string_view text = text_;
  for (const auto& field : fields_) {
    if (same_name(text.substr(field.name_at, field.name_size), name)) return text.substr(field.value_at, field.value_size);
  }
  return std::nullopt;
}

std::size_t Head::count(std::string_view name) const {
  const std::string_view text = text_;
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [&](const Field& field) { return same_name(text.substr(field.name_at, field.name_size), name); }));
}

Reply json_reply(int status, const json::value& body) {
  Reply reply;
  reply.status = status;
  reply.body = json::serialize(body);
  return reply;
}

Reply error_reply(const Error& error) {
  auto reply = json_reply(info(error.code()).http_status, to_json(error));
  if (reply.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (reply.status == 429 || reply.status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

}  // namespace stoker::api
