#include "io/url.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::io {
namespace {

Error bad_url(std::string_view text, std::string why) {
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not the address of a server", to_valid_utf8(text.substr(0, 200))))
      .because(std::move(why))
      .hint("write it like http://127.0.0.1:6100");
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text, bool keep_slashes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_plain(c) || (keep_slashes && c == '/')) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

Status read_host(std::string_view text, std::string_view& host_and_port, Url& url) {
  if (!host_and_port.starts_with('[')) {
    const auto colon = std::min(host_and_port.find(':'), host_and_port.size());
    url.host = std::string(host_and_port.substr(0, colon));
    host_and_port.remove_prefix(colon);
  } else {
    const auto end = host_and_port.find(']');
    if (end == std::string_view::npos) return bad_url(text, "the bracket of the address is not closed");
    url.host = std::string(host_and_port.substr(1, end - 1));
    host_and_port.remove_prefix(end + 1);
  }
  const auto allowed = [](char c) { return is_plain(c) || c == ':'; };
  if (url.host.empty() || !std::ranges::all_of(url.host, allowed)) return bad_url(text, "it names no host");
  return ok();
}

Status read_port(std::string_view text, std::string_view port, Url& url) {
  if (port.empty()) return ok();
  port.remove_prefix(1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size() || url.port == 0)
    return bad_url(text, "the port is not a number from 1 to 65535");
  return ok();
}

}  // namespace

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return Error(ErrorCode::kUnsupported, fmt::format("https is not offered yet: {}", to_valid_utf8(text.substr(0, 200))))
        .hint("use http:// on this machine, or a tunnel (ssh -L) to another one");
  }
  if (!text.starts_with(kScheme)) return bad_url(text, "it does not begin with http://");
  auto rest = text.substr(kScheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  Url url;
  url.prefix = std::string(rest.substr(slash));
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  if (url.prefix.find_first_of("?# \r\n") != std::string::npos) return bad_url(text, "only a path may follow the host");
  auto host_and_port = rest.substr(0, slash);
  CHECK_OK(read_host(text, host_and_port, url));
  if (!host_and_port.empty() && host_and_port.front() != ':') return bad_url(text, "something stands between the host and its port");
  CHECK_OK(read_port(text, host_and_port, url));
  return url;
}

std::string percent_encode(std::string_view text) { return encode(text, false); }
std::string percent_encode_path(std::string_view path) { return encode(path, true); }

}  // namespace stoker::io
