// Any bytes as a segment of the log, a record, a file of blocks or one of an older format: reading must end and stay inside.
#include <cstdlib>

#include "metrics/legacy.hpp"
#include "metrics/levels.hpp"
#include "metrics/run_view.hpp"
#include "metrics/segment.hpp"

namespace {

using namespace stoker::metrics;

void read_record(std::string_view payload) {
  RecordReader reader(payload);
  RecordInfo info;
  if (!reader.begin(info)) return;
  RawPoint point;
  for (std::uint64_t i = 0; i < info.count && reader.next(point); ++i) {
    if (point.shape >= reader.shapes().size()) std::abort();
  }
}

/// Sections are read without their checksums, or no mutation would come far.
void read_block(std::string_view bytes) {
  Cursor cursor(bytes);
  std::string_view payload;
  BlockFront front;
  if (!cursor.text(payload) || !decode_front(payload, 0, front) || front.body_size > cursor.rest().size()) return;
  const auto body = cursor.rest();
  const auto fetch = [body](const Section& section) -> stoker::Result<std::string> { return std::string(body.substr(section.offset, section.size)); };
  BlockReader reader(front, fetch, BlockReader::Checksums::kIgnored);
  if (!reader.begin([](std::uint32_t shape) { return shape % 3 != 2; })) return;
  RawPoint point;
  for (std::uint32_t place = 0; reader.next(point, place);) {
    if (point.context != kNoContext && point.context >= front.contexts.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Levels levels;
  switch (data[0] % 6) {
    case 0: read_record(bytes); break;
    case 1: read_block(bytes); break;
    case 2: (void)decode_levels(bytes, 1000, levels); break;
    case 3: (void)read_folded(RunBytes(std::string(bytes))); break;
    case 4: (void)legacy_records("r", bytes); break;
    default: (void)decode_segment_header(bytes); (void)find_record(bytes, 1, 64);
  }
  return 0;
}
