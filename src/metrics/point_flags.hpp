#pragma once
// The flags of a point, in records and in blocks (FORMAT.md).

#include <cstdint>

namespace stoker::metrics {

enum PointFlag : std::uint8_t { kHasStep = 1, kIdentified = 2, kHasContext = 4, kAllPointFlags = 7 };

}  // namespace stoker::metrics
