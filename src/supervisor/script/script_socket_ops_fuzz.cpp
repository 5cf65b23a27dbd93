// A line of a script: reading never crashes, and every record that comes of it can be journalled.
#include "supervisor/script/script_socket_ops.hpp"

#include <cstdlib>

using namespace stoker;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static supervisor::ScriptLineParser parser;
  const auto parsed = parser.parse({reinterpret_cast<const char*>(data), size}, from_micros(0));
  if (const auto* bad = std::get_if<supervisor::BadLine>(&parsed)) {
    (void)bad->error.to_terminal();
    return 0;
  }
  for (const auto& payload : std::get<supervisor::ScriptLine>(parsed).records) {
    std::string bytes;
    protocol::encode({1, from_micros(0), payload}, true, bytes);
    const auto decoded = protocol::decode_one(bytes);
    if (!decoded || !*decoded) std::abort();
  }
  return 0;
}
