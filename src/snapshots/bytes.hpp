#pragma once
// Little-endian numbers in byte strings: the formats of this folder are little-endian, and so are the machines it is built for.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/digest.hpp"

namespace stoker::snapshots {

static_assert(std::endian::native == std::endian::little);

template <class Number>
  requires std::is_integral_v<Number>
void put(std::string& out, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline void put(std::string& out, const Digest& digest) { out.append(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()); }

/// The caller has checked that the bytes are there.
template <class Value>
  requires std::is_trivially_copyable_v<Value>
Value take(const char* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace stoker::snapshots
