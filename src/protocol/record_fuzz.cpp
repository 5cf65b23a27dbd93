// Bytes from a disk or a supervisor: decoding never crashes, and what was decoded encodes to the same bytes.
#include <cstdlib>

#include "base/crc32c.hpp"
#include "protocol/record.hpp"

namespace {

void check(std::string_view bytes) {
  const auto decoded = stoker::protocol::decode_one(bytes);
  if (!decoded || !*decoded) return;
  const auto& [record, used] = **decoded;
  const auto* output = std::get_if<stoker::protocol::OutputRecord>(&record.payload);
  const bool with_data = output == nullptr || output->data.size() == output->length;
  std::string again;
  stoker::protocol::encode(record, with_data, again);
  const bool is_exact = record.payload.index() != 9 && record.payload.index() != 12 &&
                        (output == nullptr || output->length != 0);  // JSON has many spellings; no data of length 0 has two
  if (is_exact && again != bytes.substr(0, used)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  (void)stoker::protocol::decode_all(bytes);
  // The checksum keeps random bytes out, so the rest is tried behind a right one.
  std::string framed(8, '\0');
  framed += bytes;
  const auto length = static_cast<std::uint32_t>(size);
  const auto checksum = stoker::crc32c(bytes);
  std::memcpy(framed.data(), &length, 4);
  std::memcpy(framed.data() + 4, &checksum, 4);
  check(framed);
  return 0;
}
