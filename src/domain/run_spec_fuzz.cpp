// A run's specification from outside: reading never crashes, and one that is accepted survives its own JSON.
#include <cstdlib>

#include "domain/run_spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto value = stoker::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!value) return 0;
  const auto spec = stoker::parse_run_spec(*value);
  if (!spec) {
    (void)spec.error().to_terminal();
    return 0;
  }
  const auto body = to_json(*spec);
  const auto again = stoker::parse_run_spec(stoker::json::value(body));
  if (!again || !(to_json(*again) == body)) std::abort();
  return 0;
}
