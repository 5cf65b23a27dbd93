// Whatever a run writes, no control character but tabs, newlines and colours reaches a terminal, and nothing is wider than asked for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cli/output/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace stoker::cli;
  LineSplitter splitter(64);
  auto lines = splitter.take(std::string_view(reinterpret_cast<const char*>(bytes), size));
  lines.push_back(splitter.take_rest());
  for (const auto& line : lines) {
    const auto shown = harmless(last_rewrite(line), false);
    for (const char c : shown) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) __builtin_trap();
    }
    if (display_width(fit(shown, 10)) > 10) __builtin_trap();
    (void)harmless(line, true);
  }
  return 0;
}
