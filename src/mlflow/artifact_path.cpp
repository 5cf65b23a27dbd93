#include "mlflow/artifact_path.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "api/http/content.hpp"
#include "base/json.hpp"

namespace stoker::mlflow {
namespace {

constexpr int kRounds = 10;
constexpr std::size_t kLongest = 4096, kLongestPart = 255;
constexpr std::string_view kScheme = "mlflow-artifacts:";
constexpr std::string_view kProxy = "/api/2.0/mlflow-artifacts/artifacts/";

Error invalid_path() { return {ErrorCode::kInvalidInput, "Invalid path"}; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// What is no percent-encoding stays as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Dots that other programs take for dots: two-dot leader, one-dot leader, fullwidth, small and halfwidth full stops.
std::string with_plain_dots(std::string_view part) {
  constexpr std::pair<std::string_view, std::string_view> kDots[] = {{"\u2025", ".."}, {"\u2024", "."}, {"\uFF0E", "."},
                                                                     {"\uFE52", "."},  {"\uFF61", "."}, {"\u3002", "."}};
  std::string text(part);
  for (const auto& [from, to] : kDots)
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from)) text.replace(at, from.size(), to);
  return text;
}

bool climbs(std::string_view part) {
  const auto plain = with_plain_dots(part.substr(0, part.find(';')));
  auto name = std::string_view(plain);
  while (name.ends_with(' ')) name.remove_suffix(1);
  return name == "..";
}

bool is_dangerous(std::string_view path) {
  if (path.starts_with('/') || !is_valid_utf8(path)) return true;
  if (path.size() >= 2 && path[1] == ':' && std::isalpha(static_cast<unsigned char>(path[0])) != 0) return true;
  for (const char c : path)
    if (c == '#' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (climbs(path.substr(at, end - at))) return true;
    at = end + 1;
  }
  return false;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<std::string> check_artifact_path(std::string_view path) {
  if (path.size() > kLongest) return invalid_path();
  std::string seen(path);
  for (int round = 0; round < kRounds; ++round) {
    if (is_dangerous(seen)) return invalid_path();
    auto next = decoded(seen);
    if (next == seen) break;
    if (round + 1 == kRounds) return invalid_path();
    seen = std::move(next);
  }
  std::string clean;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part.size() > kLongestPart) return invalid_path();
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

std::optional<std::string> own_artifact_path(std::string_view uri) {
  std::string_view path;
  if (uri.starts_with(kScheme)) {
    path = uri.substr(kScheme.size());
    if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
  } else if (uri.starts_with("http://") || uri.starts_with("https://")) {
    const auto at = uri.find(kProxy);
    if (at == std::string_view::npos) return std::nullopt;
    path = uri.substr(at + kProxy.size());
  } else {
    return std::nullopt;
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  auto checked = check_artifact_path(path);
  return checked ? std::optional(std::move(*checked)) : std::nullopt;
}

std::string artifact_uri(std::string_view path) { return fmt::format("{}/{}", kScheme, path); }

std::string_view artifact_type_of(std::string_view path) {
  constexpr std::array kText = {".txt",  ".log", ".err", ".cfg",  ".conf", ".cnf", ".cf",  ".ini", ".properties", ".prop", ".hocon", ".toml",
                                ".yaml", ".yml", ".xml", ".json", ".js",   ".py",  ".py3", ".csv", ".tsv",        ".md",   ".rst"};
  const auto name = base_name(path);
  if (name == "MLmodel" || name == "MLproject") return "text/plain";
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  std::string ending(name.substr(dot));
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (std::ranges::find(kText, ending) != kText.end()) return "text/plain";
  if (ending == ".ipynb") return "application/octet-stream";
  return api::content_type_of(ending);
}

std::string attachment_of(std::string_view path) {
  const auto name = base_name(path);
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("!$&+-.^_`|~").find(c) != std::string_view::npos;
  };
  if (std::ranges::all_of(name, is_plain)) return fmt::format("attachment; filename={}", name);
  std::string ascii, encoded;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    ascii += byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\' ? '_' : c;
    if (is_plain(c)) encoded += c;
    else encoded += fmt::format("%{:02X}", byte);
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", ascii, encoded);
}

}  // namespace stoker::mlflow
