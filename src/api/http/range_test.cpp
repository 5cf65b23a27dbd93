#include "api/http/range.hpp"

#include <gtest/gtest.h>

namespace stoker::api {
namespace {

using Kind = RangeChoice::Kind;

void expect_part(std::string_view header, std::uint64_t size, std::uint64_t offset, std::uint64_t length) {
  const auto choice = choose_range(header, size);
  EXPECT_EQ(choice.kind, Kind::kPart) << header;
  EXPECT_EQ(choice.range, (ByteRange{offset, length})) << header;
}

TEST(Range, TakesTheThreeForms) {
  expect_part("bytes=0-0", 10, 0, 1);
  expect_part("bytes=3-5", 10, 3, 3);
  expect_part("bytes=3-", 10, 3, 7);
  expect_part("bytes=-4", 10, 6, 4);
  expect_part("bytes=-40", 10, 0, 10);
  expect_part("bytes=5-99999999999999999999999", 10, 5, 5);
}

TEST(Range, WhatItDoesNotUnderstandIsTheWhole) {
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-3", "bytes=1-2,4-5", "lines=1-2", "bytes=1", "bytes=+1-2", "bytes=0x1-2"}) {
    const auto choice = choose_range(header, 10);
    EXPECT_EQ(choice.kind, Kind::kWhole) << header;
    EXPECT_EQ(choice.range, (ByteRange{0, 10})) << header;
  }
  EXPECT_EQ(choose_range(std::nullopt, 10).kind, Kind::kWhole);
}

TEST(Range, BehindTheEndCannotBeSatisfied) {
  for (const char* header : {"bytes=10-", "bytes=10-20", "bytes=-0"}) EXPECT_EQ(choose_range(header, 10).kind, Kind::kUnsatisfiable) << header;
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, Kind::kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-5", 0).kind, Kind::kUnsatisfiable);
}

TEST(Range, EntityTags) {
  EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("\"x\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(matches_etag("*", "\"a\""));
  EXPECT_FALSE(matches_etag("\"b\"", "\"a\""));
  EXPECT_FALSE(matches_etag("", "\"a\""));
}

}  // namespace
}  // namespace stoker::api
