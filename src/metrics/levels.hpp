#pragma once
// Summaries of 256 points each, stored beside the points of a long series, so that a drawing of millions reads only these. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric_store.hpp"

namespace stoker::metrics {

inline constexpr std::uint32_t kPointsPerLevel = 256;
inline constexpr std::uint32_t kLeastForLevels = 2 * kPointsPerLevel;

struct Levels {
  bool by_place = false;   // no point has a step: what stands as step is the place in the series within the block
  bool is_sorted = false;  // steps never go down
  std::vector<Bucket> buckets;
};

void encode_levels(const Levels& levels, std::string& out);
/// `count`: points of the series. False for damaged bytes.
bool decode_levels(std::string_view bytes, std::uint32_t count, Levels& levels);

}  // namespace stoker::metrics
