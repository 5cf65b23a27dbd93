#pragma once
// What must not stand in a log: each occurrence of a secret value reads as stars of the same length. Pure. Output comes in pieces, and a value may
// be cut anywhere, so each stream has a Trail: its last bytes as they were written, with their place in the attempt's output.

#include <cstdint>
#include <string>
#include <vector>

namespace stoker::runs {

/// Bytes of the attempt's output that were stored before it was known that they belong to a value.
struct Blot {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const Blot&, const Blot&) = default;
};

/// The end of one stream, as long as a value could reach back.
class Trail {
 public:
  const std::string& text() const { return text_; }
  /// The place of its n-th byte.
  std::uint64_t offset_of(std::size_t n) const { return offsets_[n]; }
  void add(const std::string& data, std::uint64_t offset, std::size_t keep);

 private:
  std::string text_;
  std::vector<std::uint64_t> offsets_;
};

class Mask {
 public:
  /// Values shorter than this are left alone: they would blot out everything.
  static constexpr std::size_t kShortest = 4;

  Mask() = default;
  explicit Mask(std::vector<std::string> values);
  bool is_empty() const { return values_.empty(); }
  /// How far back a value can begin that ends in the next piece.
  std::size_t reach() const { return longest_ == 0 ? 0 : longest_ - 1; }

  /// Masks `data`, which is at `offset`, and adds it to the trail. What is returned was stored already and is to be blotted out.
  std::vector<Blot> apply(std::string& data, std::uint64_t offset, Trail& trail) const;

 private:
  std::vector<std::string> values_;
  std::size_t longest_ = 0;
};

}  // namespace stoker::runs
