// Any bytes: a filter, an order, and a pattern with a text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "search/filter.hpp"
#include "search/like.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)stoker::search::parse_filter(text, stoker::search::run_schema());
  (void)stoker::search::parse_filter(text, stoker::search::experiment_schema());
  (void)stoker::search::parse_order(text, stoker::search::run_schema());
  const auto half = size / 2;
  (void)stoker::search::is_like(text.substr(0, half), text.substr(half), size % 2 == 0);
  return 0;
}
