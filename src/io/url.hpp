#pragma once
// Addresses of servers, and percent-encoding of what goes into them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::io {

struct Url {
  std::string host;  // a name or an address; IPv6 without brackets
  std::uint16_t port = 80;
  std::string prefix;  // path before every target, without a slash at its end; mostly empty
  /// What goes into the Host header.
  std::string authority() const;
};

/// `http://host[:port][/prefix]`. kInvalidInput for anything else, kUnsupported for https.
Result<Url> parse_url(std::string_view text);

/// Everything but letters, digits and `-._~` becomes %XX.
std::string percent_encode(std::string_view text);
/// The same, with slashes kept: for paths of files.
std::string percent_encode_path(std::string_view path);

}  // namespace stoker::io
