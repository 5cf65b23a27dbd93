#pragma once
// Seals secrets for the disk: libsodium's secretbox (XSalsa20, Poly1305) under a key that is derived from the data folder's secret, so a
// copy of the catalog alone tells nothing.

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::runs {

class Vault {
 public:
  explicit Vault(std::string_view secret);
  /// A nonce of its own each time, so equal values look different. Hexadecimal.
  std::string seal(std::string_view text) const;
  /// kSnapshotCorrupt: not sealed by this vault.
  Result<std::string> open(std::string_view sealed) const;

 private:
  std::array<unsigned char, 32> key_;
};

}  // namespace stoker::runs
