#include "domain/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker {
namespace {

Status check_name(std::string_view kind, std::string_view name, std::size_t low, std::size_t high) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  bool good = name.size() >= low && name.size() <= high && plain(name[0]);
  for (const char c : name) good = good && (plain(c) || c == '-' || c == '_');
  if (good) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a name for {}", to_valid_utf8(name.substr(0, 300)), kind))
      .hint(fmt::format("{} to {} letters, digits, '-' or '_', beginning with a letter or a digit", low, high));
}

template <std::size_t N>
std::string pick(const std::array<const char*, N>& words, std::string_view hex) {
  unsigned value = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  return words[value % N];
}

}  // namespace

Status check_workspace_name(std::string_view name) { return check_name("a workspace", name, 2, 32); }
Status check_experiment_name(std::string_view name) { return check_name("an experiment", name, 1, 255); }

Status check_run_id(std::string_view id) { return check_name("a run", id, 1, 256); }

Status check_tag(std::string_view key, std::string_view value) {
  if (key.empty() || key.size() > 100)
    return Error(ErrorCode::kInvalidInput, fmt::format("the key \"{}\" must have 1 to 100 characters", to_valid_utf8(key.substr(0, 120))));
  if (value.size() > 1000)
    return Error(ErrorCode::kInvalidInput, fmt::format("the value of \"{}\" has {} characters, at most 1000 are allowed", key, value.size()));
  return ok();
}

bool looks_secret(std::string_view name) {
  std::string upper(name);
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 9> kMarks = {"TOKEN",      "SECRET", "PASSWORD", "PASSWD",    "PASSPHRASE",
                                                      "CREDENTIAL", "APIKEY", "API_KEY",  "ACCESS_KEY"};
  const bool ends_in_key = upper == "KEY" || upper.ends_with("_KEY") || upper.ends_with("_PAT");
  return ends_in_key || std::ranges::any_of(kMarks, [&](std::string_view mark) { return upper.find(mark) != std::string::npos; });
}

RunId new_run_id(std::string_view experiment, Time now, Random& random) {
  const auto suffix = fmt::format("_{}_{}", to_micros(now) / 1'000'000, random.hex(4));
  return RunId(std::string(experiment.substr(0, 256 - suffix.size())) + suffix);
}

std::string new_display_name(Random& random) {
  constexpr std::array kAdjectives = {"amiable", "bold",   "brave",  "bright", "calm",  "clever", "cool",   "crisp", "eager",  "frank", "gentle",
                                      "glad",    "great",  "honest", "jolly",  "keen",  "kind",   "lively", "lucky", "mellow", "neat",  "nice",
                                      "patient", "plucky", "polite", "proud",  "quick", "quiet",  "sharp",  "smart", "sweet",  "witty"};
  constexpr std::array kNouns = {"apple",  "badger", "bear",    "beach",  "bird",   "boat",  "brain", "bridge", "cat",   "cheetah", "cloud",
                                 "collar", "drop",   "feather", "fish",   "garden", "kite",  "lamp",  "leaf",   "lemon", "moon",    "nail",
                                 "owl",    "pear",   "pen",     "planet", "plum",   "river", "root",  "sail",   "shoe",  "yam"};
  const auto hex = random.hex(8);
  return fmt::format("{}_{}_{}", pick(kAdjectives, hex.substr(0, 4)), pick(kNouns, hex.substr(4, 4)), hex.substr(8));
}

}  // namespace stoker
