#include "metrics/column.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace stoker::metrics {
namespace {

enum Form : std::uint8_t { kEqual = 0, kVarints = 1, kPlanes = 2 };
enum RealForm : std::uint8_t { kDoubles = 0, kFloats = 1, kDecimals = 2 };
enum Guess : std::uint8_t { kNone = 0, kLast = 1, kTrend = 2 };  // what each number is written as the difference to
constexpr int kLevel = 1;
constexpr std::size_t kFew = 48;           // numbers for which planes do not pay
constexpr std::size_t kSamples = 8;        // pieces that decide how a column of reals is written
constexpr std::size_t kSample = 512;       // numbers in each
constexpr std::size_t kWorthPacking = 64;  // bytes
constexpr std::size_t kLongestPacked = 1U << 30;
constexpr int kMostDecimals = 12;
constexpr std::array<double, kMostDecimals + 1> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

std::uint64_t varint_size(std::uint64_t value) { return value == 0 ? 1 : (static_cast<std::uint64_t>(std::bit_width(value)) + 6) / 7; }

/// What the next number is guessed to be. The trend follows a noisy curve with an eighth of each change: noise does not count twice.
class Guesser {
 public:
  explicit Guesser(Guess guess) : guess_(guess) {}
  std::uint64_t operator()() const { return guess_value_; }
  void see(std::uint64_t value) {
    if (guess_ == kTrend && !is_first_) guess_value_ += static_cast<std::uint64_t>(static_cast<std::int64_t>(value - guess_value_) >> 3);
    else if (guess_ != kNone) guess_value_ = value;
    is_first_ = false;
  }

 private:
  const Guess guess_;
  bool is_first_ = true;
  std::uint64_t guess_value_ = 0;
};

std::vector<std::uint64_t> differences(std::span<const std::uint64_t> values, Guess guess) {
  std::vector<std::uint64_t> out(values.size());
  Guesser guesser(guess);
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = fold_sign(values[i] - guesser());
    guesser.see(values[i]);
  }
  return out;
}

void add_up(std::vector<std::uint64_t>& values, Guess guess) {
  Guesser guesser(guess);
  for (auto& value : values) {
    value = guesser() + unfold_sign(value);
    guesser.see(value);
  }
}

std::vector<std::uint64_t> to_floats(std::span<const std::uint64_t> bits) {
  std::vector<std::uint64_t> out(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto value = static_cast<float>(std::bit_cast<double>(bits[i]));
    if (std::bit_cast<std::uint64_t>(static_cast<double>(value)) != bits[i]) return {};
    out[i] = std::bit_cast<std::uint32_t>(value);
  }
  return out;
}

std::optional<std::int64_t> to_decimal(std::uint64_t bits, int decimals) {
  const auto value = std::bit_cast<double>(bits);
  const double scaled = std::nearbyint(value * kPowers[static_cast<std::size_t>(decimals)]);
  if (!(std::abs(scaled) < 9e15)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(scaled);
  // Through the whole number, which has no -0.
  if (std::bit_cast<std::uint64_t>(static_cast<double>(whole) / kPowers[static_cast<std::size_t>(decimals)]) != bits) return std::nullopt;
  return whole;
}

/// Empty when some have more decimals.
std::vector<std::uint64_t> to_decimals(std::span<const std::uint64_t> bits, int& decimals) {
  decimals = 0;
  for (const auto one : bits.first(std::min<std::size_t>(bits.size(), 256))) {
    while (!to_decimal(one, decimals)) {
      if (++decimals > kMostDecimals) return {};
    }
  }
  std::vector<std::uint64_t> out(bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto whole = to_decimal(bits[i], decimals);
    if (!whole) return {};
    out[i] = fold_sign(static_cast<std::uint64_t>(*whole));
  }
  return out;
}

/// Of pieces from everywhere in the column.
std::size_t sampled_size(std::span<const std::uint64_t> values) {
  std::vector<std::uint64_t> sample;
  const auto stride = std::max(values.size() / kSamples, kSample);
  for (std::size_t at = 0; at < values.size(); at += stride) {
    const auto piece = values.subspan(at, std::min(kSample, values.size() - at));
    sample.insert(sample.end(), piece.begin(), piece.end());
  }
  std::string out;
  put_integers(out, sample);
  return out.size();
}

void put_best(std::string& out, std::uint8_t form, std::span<const std::uint64_t> values) {
  std::vector<std::uint64_t> best(values.begin(), values.end());
  auto best_size = sampled_size(best);
  Guess best_guess = kNone;
  for (const auto guess : {kLast, kTrend}) {
    auto changes = differences(values, guess);
    const auto size = sampled_size(changes);
    if (size >= best_size) continue;
    best = std::move(changes);
    best_size = size;
    best_guess = guess;
  }
  out.push_back(static_cast<char>(form | best_guess << 2));
  put_integers(out, best);
}

}  // namespace

void put_packed(std::string& out, std::string_view bytes) {
  put_number(out, bytes.size());
  if (!bytes.empty() && bytes.find_first_not_of(bytes.front()) == std::string_view::npos) {
    put_number(out, 1);
    out.push_back(bytes.front());
    return;
  }
  if (bytes.size() >= kWorthPacking) {
    std::string packed(ZSTD_compressBound(bytes.size()), '\0');
    const auto size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel);
    if (ZSTD_isError(size) == 0 && size + 2 < bytes.size()) {
      put_number(out, size);
      out.append(packed, 0, size);
      return;
    }
  }
  put_number(out, bytes.size());
  out += bytes;
}

bool read_packed(Cursor& cursor, std::string& bytes) {
  std::uint64_t size = 0, stored = 0;
  std::string_view packed;
  if (!cursor.number(size) || size > kLongestPacked || !cursor.number(stored) || !cursor.bytes(stored, packed)) return false;
  if (stored == size) {
    bytes.assign(packed);
    return true;
  }
  if (stored == 1) {
    // No longer than what a column may have, times the bytes of a number.
    if (size > 8 * kLongestColumn) return false;
    bytes.assign(size, packed.front());
    return true;
  }
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) return false;
  bytes.resize(size);
  return ZSTD_decompress(bytes.data(), size, packed.data(), packed.size()) == size;
}

void put_integers(std::string& out, std::span<const std::uint64_t> values) {
  if (values.empty()) return;
  if (std::ranges::all_of(values, [&](auto value) { return value == values.front(); })) {
    out.push_back(static_cast<char>(kEqual));
    return put_number(out, values.front());
  }
  std::uint64_t varints = 0;
  if (values.size() <= kFew) {
    for (const auto value : values) varints += varint_size(value);
  }
  std::uint64_t all = 0;
  for (const auto value : values) all |= value;
  const auto width = static_cast<std::size_t>(std::bit_width(all) + 7) / 8;
  if (varints > 0 && varints <= width * values.size()) {
    out.push_back(static_cast<char>(kVarints));
    for (const auto value : values) put_number(out, value);
    return;
  }
  out.push_back(static_cast<char>(kPlanes));
  out.push_back(static_cast<char>(width));
  std::string plane(values.size(), '\0');
  for (std::size_t byte = 0; byte < width; ++byte) {
    for (std::size_t i = 0; i < values.size(); ++i) plane[i] = static_cast<char>(values[i] >> (8 * byte));
    put_packed(out, plane);
  }
}

bool read_integers(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& values) {
  values.clear();
  if (count == 0) return true;
  std::uint8_t form = 0, width = 0;
  std::uint64_t number = 0;
  if (count > kLongestColumn || !cursor.byte(form)) return false;
  if (form == kEqual) {
    if (!cursor.number(number)) return false;
    values.assign(count, number);
    return true;
  }
  if (form == kVarints) {
    if (count > cursor.rest().size()) return false;
    values.resize(count);
    return std::ranges::all_of(values, [&](auto& value) { return cursor.number(value); });
  }
  if (form != kPlanes || !cursor.byte(width) || width > 8) return false;
  values.assign(count, 0);
  std::string plane;
  for (std::size_t byte = 0; byte < width; ++byte) {
    if (!read_packed(cursor, plane) || plane.size() != count) return false;
    for (std::size_t i = 0; i < count; ++i) values[i] |= static_cast<std::uint64_t>(static_cast<unsigned char>(plane[i])) << (8 * byte);
  }
  return true;
}

void put_differences(std::string& out, std::span<const std::uint64_t> values) {
  if (values.empty()) return;
  put_number(out, fold_sign(values.front()));
  const auto changes = differences(values, kLast);
  put_integers(out, std::span<const std::uint64_t>(changes).subspan(1));
}

bool read_differences(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& values) {
  values.clear();
  if (count == 0) return true;
  std::uint64_t first = 0;
  if (!cursor.number(first) || !read_integers(cursor, count - 1, values)) return false;
  values.insert(values.begin(), first);
  add_up(values, kLast);
  return true;
}

void put_reals(std::string& out, std::span<const std::uint64_t> bits) {
  int decimals = 0;
  if (const auto wholes = to_decimals(bits, decimals); !wholes.empty()) {
    put_number(out, static_cast<std::uint64_t>(decimals));
    return put_best(out, kDecimals, wholes);
  }
  put_number(out, 0);
  const auto floats = to_floats(bits);
  put_best(out, floats.empty() ? kDoubles : kFloats, floats.empty() ? bits : std::span<const std::uint64_t>(floats));
}

bool read_reals(Cursor& cursor, std::size_t count, std::vector<std::uint64_t>& bits) {
  std::uint64_t decimals = 0;
  std::uint8_t form = 0;
  if (count == 0) bits.clear();
  if (!cursor.number(decimals) || decimals > kMostDecimals || !cursor.byte(form) || (form & 3) > kDecimals || form >> 2 > kTrend) return false;
  if (!read_integers(cursor, count, bits)) return false;
  if (form >> 2 != kNone) add_up(bits, static_cast<Guess>(form >> 2));
  switch (form & 3) {
    case kDoubles: return true;
    case kFloats:
      for (auto& one : bits) one = std::bit_cast<std::uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(one))));
      return true;
    default:
      for (auto& one : bits) one = std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<std::int64_t>(unfold_sign(one))) / kPowers[decimals]);
      return true;
  }
}

}  // namespace stoker::metrics
