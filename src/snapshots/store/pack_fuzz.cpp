// A pack from outside: parse, decompress, hash. The first byte chooses whether checksums and digests are made right first, so that
// what lies behind them is reached too.
#include <cstdint>
#include <cstdlib>

#include "base/crc32c.hpp"
#include "snapshots/bytes.hpp"
#include "snapshots/store/pack.hpp"

using namespace stoker;             // NOLINT
using namespace stoker::snapshots;  // NOLINT

namespace {

void overwrite(std::string& bytes, std::size_t at, std::uint32_t value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

/// Repairs the checksums of every frame that the sizes allow.
void repair(std::string& pack) {
  pack.replace(0, std::min(pack.size(), kPackHeaderSize), pack_header());
  for (std::size_t at = kPackHeaderSize; at + kFrameHeaderSize <= pack.size();) {
    pack.replace(at, kFrameMagic.size(), kFrameMagic);
    const auto objects = take<std::uint32_t>(pack.data() + at + 8) % 16;
    overwrite(pack, at + 8, objects);
    const std::size_t body = std::size_t{objects} * kTableRowSize + take<std::uint32_t>(pack.data() + at + 16) % 4096;
    if (at + kFrameHeaderSize + body > pack.size()) return;
    overwrite(pack, at + 16, static_cast<std::uint32_t>(body - objects * kTableRowSize));
    overwrite(pack, at + 20, crc32c(std::string_view(pack).substr(at + kFrameHeaderSize, body)));
    overwrite(pack, at + 24, crc32c(std::string_view(pack).substr(at, 24)));
    at += kFrameHeaderSize + body;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string pack(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) repair(pack);
  StringReader reader(pack);
  PackParser parser(reader);
  while (true) {
    const auto frame = parser.next();
    if (!frame || !*frame) return 0;
    std::string raw;
    const auto& bytes = (*frame)->bytes;
    if (!decompress_frame((*frame)->header, std::string_view(bytes).substr(kFrameHeaderSize + (*frame)->header.table_size()), raw)) return 0;
    if (raw.size() > kMaxObject) std::abort();
    if (!check_digests((*frame)->objects, raw)) return 0;
  }
}
