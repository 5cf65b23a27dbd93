#pragma once
// The numbers and texts that all of the store's formats are made of (FORMAT.md): fixed ones are little-endian, the others LEB128.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace stoker::metrics {

inline void put_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
inline void put_u64(std::string& out, std::uint64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  out.append(bytes, 8);
}
inline std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), 4);
  return value;
}
inline void put_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
inline void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}
inline void put_real(std::string& out, double value) { put_u64(out, std::bit_cast<std::uint64_t>(value)); }
/// Small differences of either sign become small numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …
constexpr std::uint64_t fold_sign(std::uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
constexpr std::uint64_t unfold_sign(std::uint64_t folded) { return (folded >> 1) ^ (0 - (folded & 1)); }

/// Reads from the front; each says false where the bytes end early or are wrong.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes = {}) : rest_(bytes) {}
  std::string_view rest() const { return rest_; }
  bool is_at_end() const { return rest_.empty(); }

  bool byte(std::uint8_t& value) {
    if (rest_.empty()) return false;
    value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return true;
  }
  bool number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t part = 0;
      if (!byte(part)) return false;
      value |= static_cast<std::uint64_t>(part & 0x7F) << shift;
      if ((part & 0x80) == 0) return true;
    }
    return false;
  }
  /// Of at least one byte each: no count of a damaged file makes anybody reserve more than the file is long.
  bool count(std::uint64_t& value) { return number(value) && value <= rest_.size(); }
  bool sign_folded(std::uint64_t& value) {
    if (!number(value)) return false;
    value = unfold_sign(value);
    return true;
  }
  bool bytes(std::size_t size, std::string_view& value) {
    if (size > rest_.size()) return false;
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool text(std::string_view& value) {
    std::uint64_t length = 0;
    return number(length) && bytes(length, value);
  }
  bool text(std::string& value) {
    std::string_view view;
    if (!text(view)) return false;
    value.assign(view);
    return true;
  }
  bool u64(std::uint64_t& value) {
    std::string_view view;
    if (!bytes(8, view)) return false;
    std::memcpy(&value, view.data(), 8);
    return true;
  }
  bool real(double& value) {
    std::uint64_t bits = 0;
    if (!u64(bits)) return false;
    value = std::bit_cast<double>(bits);
    return true;
  }

 private:
  std::string_view rest_;
};

}  // namespace stoker::metrics
