// An event stream that is cut and garbled anywhere: the parser must neither crash nor make an event without a blank line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client/follow.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  stoker::client::SseParser parser;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    const auto event = parser.line(line);
    if (event && !line.empty()) __builtin_trap();
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return 0;
}
