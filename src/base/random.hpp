#pragma once
// Randomness is an argument where a decision hangs on it; ids and tokens take it from the kernel.

#include <cstddef>
#include <string>

namespace stoker {

class Random {
 public:
  virtual ~Random() = default;
  /// `count` random bytes as lower-case hexadecimal digits (2 * count characters).
  virtual std::string hex(std::size_t count) = 0;
};

/// getrandom(2); fit for secrets. Safe from any thread.
class SystemRandom final : public Random {
 public:
  std::string hex(std::size_t count) override;
};

/// Repeatable, for tests.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(unsigned long long seed) : state_(seed) {}
  std::string hex(std::size_t count) override;

 private:
  unsigned long long state_;
};

/// A random GUID, version 4.
std::string new_guid(Random& random);

}  // namespace stoker
