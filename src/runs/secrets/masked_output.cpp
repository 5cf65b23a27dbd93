#include "runs/secrets/masked_output.hpp"

#include <algorithm>
#include <iterator>

namespace stoker::runs {
namespace {

/// What was written before the first piece of a stream that this server sees: a restart must not uncover a value that it cuts in two.
Status load_trail(logs::LogStore& logs, const RunId& run, int attempt, const OutputPiece& piece, std::size_t reach, Trail& trail) {
  if (piece.offset == 0) return ok();
  TRY(const auto tails, logs.tail(run, attempt, piece.stream, piece.offset, reach));
  for (const auto& tail : tails) trail.add(tail.data, tail.offset, reach);
  return ok();
}

}  // namespace

Status write_masked(logs::LogStore& logs, const RunId& run, int attempt, const Mask& mask, Trails& trails, std::span<OutputPiece> pieces) {
  if (pieces.empty()) return ok();
  std::vector<logs::Piece> clean;
  std::vector<Blot> blots;
  for (auto& piece : pieces) {
    if (!mask.is_empty() && piece.stream < trails.size()) {
      auto& trail = trails[piece.stream];
      if (!trail) CHECK_OK(load_trail(logs, run, attempt, piece, mask.reach(), trail.emplace()));
      std::ranges::move(mask.apply(piece.data, piece.offset, *trail), std::back_inserter(blots));
    }
    clean.push_back({.stream = piece.stream, .offset = piece.offset, .data = piece.data, .time = piece.time});
  }
  CHECK_OK(logs.append(run, attempt, clean));
  for (const auto& blot : blots) CHECK_OK(logs.blot(run, attempt, blot.offset, blot.length));
  return ok();
}

}  // namespace stoker::runs
