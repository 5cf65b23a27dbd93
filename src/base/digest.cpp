#include "base/digest.hpp"

#include <new>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace stoker {
namespace {

// Fetched once: EVP_sha256() looks the method up anew at each init (1.4 us, more than hashing a small file).
const EVP_MD* method() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string Digest::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(64, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kDigits[bytes[i] >> 4];
    text[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return text;
}

Result<Digest> Digest::from_hex(std::string_view text) {
  Digest digest;
  bool good = text.size() == 64;
  for (std::size_t i = 0; good && i < 32; ++i) {
    const int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    good = high >= 0 && low >= 0;
    digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (!good)
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a SHA-256 digest", text.substr(0, 80)))
        .hint("64 lower-case hexadecimal digits");
  return digest;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  EVP_DigestInit_ex2(as_context(context_), method(), nullptr);
}
Sha256::~Sha256() { EVP_MD_CTX_free(as_context(context_)); }
Sha256::Sha256(Sha256&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
Sha256& Sha256::operator=(Sha256&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}
void Sha256::update(std::span<const std::byte> bytes) { EVP_DigestUpdate(as_context(context_), bytes.data(), bytes.size()); }
void Sha256::update(std::string_view text) { EVP_DigestUpdate(as_context(context_), text.data(), text.size()); }
Digest Sha256::finish() {
  Digest digest;
  EVP_DigestFinal_ex(as_context(context_), digest.bytes.data(), nullptr);
  EVP_DigestInit_ex2(as_context(context_), method(), nullptr);
  return digest;
}

Digest sha256(std::span<const std::byte> bytes) {
  thread_local Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}
Digest sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

Digest hmac_sha256(std::string_view key, std::string_view text) {
  Digest digest;
  unsigned length = 32;
  HMAC(method(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.bytes.data(),
       &length);
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace stoker
