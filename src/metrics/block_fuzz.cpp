// Any bytes as the blocks of a file: with a right checksum or a wrong one, reading must end and stay inside.
#include <cstdlib>

#include "metrics/block.hpp"

namespace {

void read_payload(std::string_view payload) {
  stoker::metrics::BlockReader reader(payload);
  stoker::metrics::BlockInfo info;
  stoker::metrics::Dictionary shapes;
  if (!reader.begin(info, shapes)) return;
  stoker::metrics::RawPoint point;
  for (std::uint64_t i = 0; i < info.count; ++i) {
    const bool is_wanted = i % 2 == 0;
    if (!reader.next(point, [&](std::uint64_t) { return is_wanted; })) return;
    if (point.shape >= shapes.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)stoker::metrics::check_header(bytes);
  stoker::metrics::FoundBlock block;
  if (stoker::metrics::find_block(bytes, block) == stoker::metrics::Found::kBlock) read_payload(block.payload);
  read_payload(bytes);
  return 0;
}
