// Control messages and batch heads from the other side: parsing never crashes, and what was parsed survives its own encoding.
#include <cstdlib>

#include "protocol/messages.hpp"

using namespace stoker::protocol;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_message(Frame{FrameKind::kControl, bytes})) {
    const auto again = parse_message(to_frame(*message));
    if (!again || !(to_json(*again) == to_json(*message))) std::abort();
  }
  const Frame frame{FrameKind::kRecords, bytes};
  if (const auto batch = parse_records_batch(frame)) {
    if (!(to_frame(*batch) == frame)) std::abort();
  }
  return 0;
}
