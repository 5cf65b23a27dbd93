// Any bytes as an index: following them must end, stay inside, and never go backwards.
#include <cstdlib>

#include "logs/log_index.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)stoker::logs::check_header(bytes);
  stoker::logs::IndexState state;
  stoker::logs::follow(bytes, state);
  if (state.entries > size / stoker::logs::kEntrySize) std::abort();
  stoker::logs::Entry entry;
  if (!stoker::logs::decode(bytes, entry)) return 0;
  std::string again;
  stoker::logs::encode(entry, again);
  stoker::logs::Entry same;
  if (!stoker::logs::decode(again, same) || !(same == entry)) std::abort();
  return 0;
}
