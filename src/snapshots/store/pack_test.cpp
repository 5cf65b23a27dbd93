#include "snapshots/store/pack.hpp"

#include <zstd.h>

#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "snapshots/bytes.hpp"
#include "snapshots/test_support.hpp"

namespace stoker::snapshots {
namespace {

using testing::code_of;
using testing::must;

Status read_all(std::string_view pack, std::vector<std::string>* contents = nullptr) {
  StringReader reader(pack);
  PackParser parser(reader);
  while (true) {
    TRY(const auto frame, parser.next());
    if (!frame) return ok();
    std::string raw;
    CHECK_OK(decompress_frame(frame->header, std::string_view(frame->bytes).substr(kFrameHeaderSize + frame->header.table_size()), raw));
    CHECK_OK(check_digests(frame->objects, raw));
    for (const auto& object : frame->objects) {
      if (contents != nullptr) contents->push_back(raw.substr(object.offset, object.size));
    }
  }
}

TEST(Pack, WhatIsWrittenIsRead) {
  const std::vector<std::string> contents{
      "", "a", std::string(100'000, 'x'), testing::random_bytes(3'000'000, 1), testing::random_bytes(kMaxObject, 2), "end"};
  std::vector<std::string> read;
  must(read_all(testing::pack_of(contents), &read));
  EXPECT_EQ(read, contents);
}

TEST(Pack, SmallObjectsShareAFrame) {
  std::vector<std::string> contents;
  for (int i = 0; i < 2000; ++i) contents.push_back("the same text over and over again, number " + std::to_string(i));
  EXPECT_LT(testing::pack_of(contents).size(), 2000 * 45U);  // 36 of the 45 are the table
}

TEST(Pack, EveryFlippedByteIsRefused) {
  const std::string pack = testing::pack_of({"hello", "world", std::string(500, 'z')});
  for (std::size_t i = 0; i < pack.size(); ++i) {
    std::string broken = pack;
    broken[i] = static_cast<char>(broken[i] ^ 0x40);
    EXPECT_FALSE(read_all(broken)) << i;
  }
}

TEST(Pack, EveryTruncationIsRefused) {
  const std::string pack = testing::pack_of({"hello", "world"});
  for (std::size_t size = 0; size < pack.size(); ++size) EXPECT_EQ(code_of(read_all(pack.substr(0, size))), ErrorCode::kProtocol) << size;
  EXPECT_FALSE(read_all(pack + "x"));
}

TEST(Pack, ANewerVersionIsToldAsSuch) {
  std::string head = pack_header().substr(0, 8);
  put(head, kPackVersion + 1);
  put(head, crc32c(head));
  EXPECT_EQ(code_of(read_all(head)), ErrorCode::kDataFormat);
}

/// A frame with correct checksums and whatever sizes are asked for.
std::string frame_saying(std::uint32_t codec, std::uint32_t raw_size, const std::string& table, const std::string& stored) {
  std::string bytes(kFrameMagic);
  put(bytes, codec);
  put(bytes, static_cast<std::uint32_t>(table.size() / kTableRowSize));
  put(bytes, raw_size);
  put(bytes, static_cast<std::uint32_t>(stored.size()));
  put(bytes, crc32c(table + stored));
  put(bytes, crc32c(bytes));
  return bytes + table + stored;
}
std::string row(const Digest& digest, std::uint32_t size) {
  std::string bytes;
  put(bytes, digest);
  put(bytes, (1U << 24) | size);
  return bytes;
}

TEST(Pack, ADecompressionBombIsRefusedBeforeItGrows) {
  const std::string zeros(64U << 20, '\0');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 1));
  for (const std::uint32_t raw_size : {std::uint32_t{64U << 20}, std::uint32_t{kMaxObject}, std::uint32_t{100'000}}) {
    const auto frame = parse_frame(frame_saying(1, raw_size, row(sha256(zeros), raw_size & 0xFFFFFF), bomb));
    std::string raw;
    EXPECT_FALSE(frame && decompress_frame(frame->header, bomb, raw)) << raw_size;
    EXPECT_LE(raw.capacity(), kMaxObject + 1);
  }
}

TEST(Pack, TablesThatDoNotAddUpAreRefused) {
  EXPECT_TRUE(parse_frame(frame_saying(0, 3, row(sha256("abc"), 3), "abc")));
  EXPECT_FALSE(parse_frame(frame_saying(0, 3, row(sha256("abc"), 2), "abc")));
  EXPECT_FALSE(parse_frame(frame_saying(0, 3, row(sha256("abc"), 4), "abc")));
  EXPECT_FALSE(parse_frame(frame_saying(0, 3, "", "abc")));
  EXPECT_FALSE(parse_frame(frame_saying(2, 3, row(sha256("abc"), 3), "abc")));
}

TEST(Pack, AnObjectUnderAWrongNameIsRefused) {
  const std::string frame = frame_saying(0, 3, row(sha256("abd"), 3), "abc");
  EXPECT_EQ(code_of(read_all(pack_header() + frame + pack_end(1, 1))), ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace stoker::snapshots
