#pragma once
// SHA-256, the identity of content everywhere (docs/decisions/0004-sha256.md).

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const Digest&, const Digest&) = default;
  /// 64 lower-case hexadecimal digits.
  std::string hex() const;
  static Result<Digest> from_hex(std::string_view text);
};

Digest sha256(std::span<const std::byte> bytes);
Digest sha256(std::string_view text);

/// Digest of what is fed piece by piece. Not shared between threads.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  /// Ends this digest and begins a new one.
  Digest finish();

 private:
  void* context_;
};

/// Keyed digest for tokens and signatures; compare with `equal_in_constant_time`.
Digest hmac_sha256(std::string_view key, std::string_view text);
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace stoker

template <>
struct std::hash<stoker::Digest> {
  std::size_t operator()(const stoker::Digest& digest) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};
