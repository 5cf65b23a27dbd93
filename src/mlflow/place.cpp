#include "mlflow/place.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace stoker::mlflow {
namespace {

constexpr std::string_view kWorkspaces = "mlflow";
constexpr std::array kRoots = {std::string_view("health"),         std::string_view("version"), std::string_view("get-artifact"),
                               std::string_view("model-versions"), std::string_view("graphql"), std::string_view("static-files")};

struct BaseName {
  std::string_view first, second;
  Base base;
};
constexpr BaseName kBases[] = {
    {"api", "2.0", Base::kRest2}, {"ajax-api", "2.0", Base::kAjax2}, {"api", "3.0", Base::kRest3}, {"ajax-api", "3.0", Base::kAjax3}};

/// Takes the next part off the path; empty at its end.
std::string_view take_part(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const auto part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  return part;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

Base base_of(std::vector<std::string>& segments) {
  if (segments.size() < 2) return Base::kRoot;
  for (const auto& name : kBases) {
    if (segments[0] != name.first || segments[1] != name.second) continue;
    segments.erase(segments.begin(), segments.begin() + 2);
    return name.base;
  }
  return Base::kRoot;
}

}  // namespace

bool is_mlflow(std::string_view target) {
  auto path = path_of(target);
  const auto first = take_part(path);
  if (first == kWorkspaces || first == "ajax-api" || std::ranges::find(kRoots, first) != kRoots.end()) return true;
  if (first != "api") return false;
  const auto second = take_part(path);
  return second == "2.0" || second == "3.0";
}

Result<Place> parse_place(std::string_view target) {
  Place place;
  auto path = path_of(target);
  const bool ends_with_slash = path.size() > 1 && path.ends_with('/');
  for (auto part = take_part(path); !part.empty(); part = take_part(path)) {
    TRY(auto segment, api::percent_decode(part, false));
    place.segments.push_back(std::move(segment));
  }
  // "/experiments/get/" is not "/experiments/get".
  if (ends_with_slash) place.segments.emplace_back();
  if (!place.segments.empty() && place.segments[0] == kWorkspaces) {
    if (place.segments.size() > 1) place.workspace = std::move(place.segments[1]);
    place.segments.erase(place.segments.begin(), place.segments.begin() + std::min<std::ptrdiff_t>(2, std::ssize(place.segments)));
  }
  place.base = base_of(place.segments);
  const auto question = target.find('?');
  if (question != std::string_view::npos) {
    TRY(place.query, api::parse_query(target.substr(question + 1)));
  }
  return place;
}

}  // namespace stoker::mlflow
