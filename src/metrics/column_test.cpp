#include "metrics/column.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace stoker::metrics {
namespace {

using Numbers = std::vector<std::uint64_t>;

Numbers bits_of(const std::vector<double>& values) {
  Numbers bits;
  for (const auto value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return bits;
}

/// Bytes that the reals take; they come back bit by bit.
std::size_t reals(const Numbers& bits) {
  std::string out;
  put_reals(out, bits);
  Cursor cursor(out);
  Numbers back;
  EXPECT_TRUE(read_reals(cursor, bits.size(), back) && cursor.is_at_end());
  EXPECT_EQ(back, bits);
  return out.size();
}

TEST(Column, IntegersOfAnyWidthAndNumberComeBack) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {0U, 1U, 2U, 47U, 48U, 49U, 1000U, 70'000U}) {
    for (const int shift : {0, 7, 30, 63}) {
      Numbers values(count);
      for (auto& value : values) value = random() >> shift;
      std::string out;
      put_integers(out, values);
      put_differences(out, values);
      Cursor cursor(out);
      Numbers plain, changes;
      ASSERT_TRUE(read_integers(cursor, count, plain) && read_differences(cursor, count, changes) && cursor.is_at_end());
      EXPECT_EQ(plain, values);
      EXPECT_EQ(changes, values);
    }
  }
}

TEST(Column, WhatIsEqualCostsNothing) {
  std::string out;
  put_integers(out, Numbers(100'000, 7));
  EXPECT_EQ(out.size(), 2U);
}

TEST(Column, UnusualRealsKeepEveryBit) {
  const double infinity = std::numeric_limits<double>::infinity();
  reals(bits_of({0.0, -0.0, std::nan(""), -std::nan("7"), infinity, -infinity, 5e-324, 1.7976931348623157e308, 0.1}));
  reals(bits_of({std::nan(""), 1.0F, infinity}));
  reals(bits_of({-0.0}));
  reals({0x7FF0000000000001});  // a signalling NaN
  reals({});
}

TEST(Column, FloatsAndDecimalsOfANoisyCurveAreShort) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 1);
  std::vector<double> floats, decimals, doubles;
  for (int i = 0; i < 50'000; ++i) {
    const double value = (2.5 * std::exp(-i / 20'000.0) + 0.3) * (1 + 0.05 * noise(random));
    doubles.push_back(value);
    floats.push_back(static_cast<float>(value));
    decimals.push_back(std::round(value * 1e4) / 1e4);
  }
  EXPECT_LT(reals(bits_of(floats)), 2.8 * 50'000);
  EXPECT_LT(reals(bits_of(decimals)), 1.6 * 50'000);
  EXPECT_LT(reals(bits_of(doubles)), 6.5 * 50'000);
}

TEST(Column, DamagedBytesAreRefused) {
  Numbers values;
  for (const std::string_view bytes :
       {std::string_view("\x02\x09", 2), std::string_view("\x03", 1), std::string_view("", 0), std::string_view("\x02\x01\x05\x01z", 5)}) {
    Cursor cursor(bytes);
    EXPECT_FALSE(read_integers(cursor, 4, values));
  }
  Cursor huge(std::string_view("\x00\x01", 2));
  EXPECT_FALSE(read_integers(huge, std::size_t{1} << 40, values));
}

}  // namespace
}  // namespace stoker::metrics
