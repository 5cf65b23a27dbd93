#include "base/random.hpp"

#include <sys/random.h>

#include <cstdlib>
#include <vector>

namespace stoker {
namespace {

std::string to_hex(const std::vector<unsigned char>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string SystemRandom::hex(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  std::size_t filled = 0;
  while (filled < count) {
    const auto got = getrandom(bytes.data() + filled, count - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  return to_hex(bytes);
}

std::string SeededRandom::hex(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  for (auto& byte : bytes) {  // splitmix64
    unsigned long long z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    byte = static_cast<unsigned char>(z >> 56);
  }
  return to_hex(bytes);
}

std::string new_guid(Random& random) {
  std::string text = random.hex(16);
  text[12] = '4';
  text[16] = "89ab"[text[16] & 3];
  for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

}  // namespace stoker
