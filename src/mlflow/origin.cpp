#include "mlflow/origin.hpp"

#include <algorithm>
#include <array>

namespace stoker::mlflow {
namespace {

constexpr std::string_view kBasic = "basic ";

bool begins_with_basic(std::string_view text) {
  if (text.size() < kBasic.size()) return false;
  return std::equal(kBasic.begin(), kBasic.end(), text.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b); });
}

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.rfind(':'));
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string url(text);
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return api::from_base64url(url);
}

Result<api::Caller> identify(const api::Call& call) {
  const auto given = call.head.find("authorization").value_or("");
  if (!begins_with_basic(given)) return call.services.tokens.identify(given);
  auto encoded = given.substr(kBasic.size());
  while (encoded.starts_with(' ')) encoded.remove_prefix(1);
  const auto pair = from_base64(encoded);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  return call.services.tokens.identify("Bearer " + (colon == std::string::npos ? std::string() : pair->substr(colon + 1)));
}

bool is_trusted_origin(const api::Head& head) {
  const auto origin = head.find("origin");
  if (!origin) return false;
  const auto scheme = origin->find("://");
  if (scheme == std::string_view::npos) return false;
  const auto authority = origin->substr(scheme + 3);
  constexpr std::array kThisMachine = {std::string_view("localhost"), std::string_view("127.0.0.1"), std::string_view("[::1]")};
  return authority == head.find("host").value_or("") || std::ranges::find(kThisMachine, host_of(authority)) != kThisMachine.end();
}

}  // namespace stoker::mlflow
