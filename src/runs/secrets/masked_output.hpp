#pragma once
// Output on its way into the log of a run, without the secrets of the workspace. Blocking; one caller at a time for each run.

#include <array>
#include <optional>
#include <span>
#include <string>

#include "logs/log_store.hpp"
#include "runs/secrets/mask.hpp"

namespace stoker::runs {

/// Bytes of one stream at `offset` of the attempt's output.
struct OutputPiece {
  std::uint8_t stream = 1;
  std::uint64_t offset = 0;
  Time time;
  std::string data;
};

/// By stream, from its first output under a mask on.
using Trails = std::array<std::optional<Trail>, logs::kStreamCount + 1>;

/// Masks the pieces and appends them; durable with the next sync of the log.
Status write_masked(logs::LogStore& logs, const RunId& run, int attempt, const Mask& mask, Trails& trails, std::span<OutputPiece> pieces);

}  // namespace stoker::runs
