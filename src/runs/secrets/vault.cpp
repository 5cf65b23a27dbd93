#include "runs/secrets/vault.hpp"

#include <sodium.h>

#include <vector>

namespace stoker::runs {
namespace {

using Bytes = std::vector<unsigned char>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Vault::Vault(std::string_view secret) {
  static_assert(crypto_secretbox_KEYBYTES == sizeof(key_));
  if (sodium_init() < 0) std::abort();  // no randomness: nothing of this program would be safe
  constexpr std::string_view kPurpose = "stoker secrets 1";
  crypto_generichash(key_.data(), key_.size(), bytes_of(secret), secret.size(), bytes_of(kPurpose), kPurpose.size());
}

std::string Vault::seal(std::string_view text) const {
  Bytes box(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.size());
  randombytes_buf(box.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(box.data() + crypto_secretbox_NONCEBYTES, bytes_of(text), text.size(), box.data(), key_.data());
  std::string hex(box.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), box.data(), box.size());
  hex.pop_back();
  return hex;
}

Result<std::string> Vault::open(std::string_view sealed) const {
  const Error damaged = Error(ErrorCode::kSnapshotCorrupt, "a secret cannot be opened")
                            .hint("the data folder's file `secret` is not the one that it was sealed with; set it anew");
  constexpr std::size_t kLeast = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (sealed.size() < 2 * kLeast) return damaged;
  Bytes box(sealed.size() / 2);
  std::size_t size = 0;
  if (sodium_hex2bin(box.data(), box.size(), sealed.data(), sealed.size(), nullptr, &size, nullptr) != 0 || size < kLeast) return damaged;
  std::string text(size - kLeast, '\0');
  const auto* boxed = box.data() + crypto_secretbox_NONCEBYTES;
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(text.data()), boxed, size - crypto_secretbox_NONCEBYTES, box.data(), key_.data()) !=
      0)
    return damaged;
  return text;
}

}  // namespace stoker::runs
