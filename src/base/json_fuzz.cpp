// Text from outside: parsing never crashes, an accepted value survives its own text, an error body is read whatever it is.
#include <cstdlib>

#include "base/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!stoker::is_valid_utf8(stoker::to_valid_utf8(text))) std::abort();
  (void)stoker::parse_time(text);
  const auto value = stoker::parse_json(text);
  if (!value) return 0;
  const auto written = stoker::json::serialize(*value);
  const auto again = stoker::parse_json(written);
  if (!again || stoker::json::serialize(*again) != written) std::abort();
  (void)stoker::error_from_json(*value, 500).to_terminal();
  return 0;
}
