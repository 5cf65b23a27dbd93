#pragma once
// Little-endian numbers and length-prefixed texts, for the codecs of this folder only.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace stoker::protocol::wire {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian; so are the machines they run on");

template <std::unsigned_integral Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}
inline void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}
inline void put_double(std::string& out, double number) { put(out, std::bit_cast<std::uint64_t>(number)); }

/// Reads from the front; after a step beyond the end `good` is false and everything reads as zero.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  Number number() {
    Number value = 0;
    const auto bytes = take(sizeof value);
    if (good_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  double real() { return std::bit_cast<double>(number<std::uint64_t>()); }
  std::string text() { return std::string(take(number<std::uint32_t>())); }
  std::string_view take(std::size_t size) {
    good_ = good_ && size <= rest_.size();
    if (!good_) return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  /// For lists: a count that the remaining bytes could hold, each element having at least `least` bytes.
  std::uint32_t count(std::size_t least) {
    const auto value = number<std::uint32_t>();
    good_ = good_ && value <= rest_.size() / least;
    return good_ ? value : 0;
  }
  bool good() const { return good_; }
  void fail() { good_ = false; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace stoker::protocol::wire
