#include "metrics/run_file.hpp"

#include <algorithm>

#include "metrics/legacy.hpp"

namespace stoker::metrics {
namespace {

constexpr std::size_t kFirstLook = 4096;

/// The front's payload at `offset`; empty where there is none.
Result<std::string> read_payload(const RunBytes& bytes, std::uint64_t offset) {
  std::size_t size = kFirstLook;
  for (;;) {
    TRY(auto found, bytes.read(offset, size));
    std::size_t needed = 0;
    const auto payload = find_front(found, needed);
    if (payload) return std::string(*payload);
    if (needed <= size) return std::string();
    if (found.size() < size) return std::string();
    size = needed;
  }
}

}  // namespace

Result<std::string> RunBytes::read(std::uint64_t offset, std::size_t size) const {
  if (file_) return io::read_at(file_->get(), offset, size);
  if (!bytes_ || offset >= bytes_->size()) return std::string();
  return bytes_->substr(offset, size);
}

Result<std::uint64_t> RunBytes::size() const {
  if (file_) return io::file_size(file_->get());
  return bytes_ ? bytes_->size() : 0;
}

Result<std::shared_ptr<const FoldedRun>> read_folded(const RunBytes& bytes) {
  auto run = std::make_shared<FoldedRun>();
  FoldedRun whole;  // up to the last fold that is
  run->size = whole.size = kFileHeaderSize;
  TRY(const auto size, bytes.size());
  std::size_t blocks = 0;
  std::uint32_t shapes = 0;
  while (run->size < size) {
    TRY(const auto payload, read_payload(bytes, run->size));
    BlockFront front;
    if (payload.empty() || !decode_front(payload, run->shapes.size(), front)) break;
    const auto body = run->size + kFrontHeaderSize + payload.size();
    if (front.body_size > size || body > size - front.body_size) break;
    const BlockPlace place{run->size, body - run->size + front.body_size, body, run->points, front.points, run->shapes.size()};
    if (front.points > 0) run->blocks.push_back(place);
    for (const auto& shape : front.new_shapes) run->shapes.number_of(shape);
    run->size += place.size;
    run->points += front.points;
    if (!front.is_last) continue;
    whole.size = run->size;
    whole.points = run->points;
    blocks = run->blocks.size();
    shapes = run->shapes.size();
    auto calls = std::move(run->state.calls);
    run->state = std::move(front.state);
    run->state.calls.merge(calls);
  }
  run->size = whole.size;
  run->points = whole.points;
  run->blocks.resize(blocks);
  run->shapes.cut(shapes);
  return std::shared_ptr<const FoldedRun>(std::move(run));
}

Result<BlockFront> read_front(const RunBytes& bytes, const BlockPlace& place) {
  TRY(const auto payload, read_payload(bytes, place.offset));
  BlockFront front;
  if (payload.empty() || !decode_front(payload, place.known, front)) return Error(ErrorCode::kDataFormat, "a block of the metrics is damaged");
  return front;
}

BlockReader::Fetch fetch_from(const RunBytes& bytes, const BlockPlace& place) {
  return [&bytes, body = place.body](const Section& section) { return bytes.read(body + section.offset, section.size); };
}

}  // namespace stoker::metrics
