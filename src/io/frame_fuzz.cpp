// Whatever pieces the bytes arrive in, the parser cuts the same frames and refuses at the same place.
#include <cstdlib>

#include "io/frame.hpp"

using stoker::io::Frame;
using stoker::io::FrameParser;

namespace {

struct Outcome {
  std::string again;  // the frames, encoded again
  bool refused = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  FrameParser parser;
  Outcome outcome;
  while (!outcome.refused && !bytes.empty()) {
    const auto count = std::min(piece, bytes.size());
    parser.feed(bytes.substr(0, count));
    bytes.remove_prefix(count);
    while (true) {
      const auto frame = parser.next();
      outcome.refused = !frame;
      if (!frame || !*frame) break;
      stoker::io::encode_frame(**frame, outcome.again);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse(bytes, size + 1);
  if (!(whole == parse(bytes, 1)) || !(whole == parse(bytes, 7))) std::abort();
  if (bytes.substr(0, whole.again.size()) != whole.again) std::abort();
  return 0;
}
