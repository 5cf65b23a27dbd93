// An ignore file and a path: the first line is the path. Bounded time is part of what is tested.
#include <cstdint>
#include <string_view>

#include "snapshots/source/ignore.hpp"

using namespace stoker::snapshots;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view path = bytes.substr(0, bytes.find('\n'));
  const std::string_view rules = bytes.substr(path.size());
  const auto root = std::make_shared<IgnoreRules>(nullptr, "", rules);
  (void)root->excludes(path, true);
  (void)IgnoreRules(root, "", rules).excludes(path, false);
  return 0;
}
