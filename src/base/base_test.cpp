// The small parts of base: clock, units, digests, checksums, errors, suggestions, randomness.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "base/clock.hpp"
#include "base/crc32c.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/suggest.hpp"
#include "base/units.hpp"

namespace stoker {
namespace {

TEST(Clock, WritesSixDigitsAndZ) {
  EXPECT_EQ(format_time(from_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(from_micros(1'782'820'800'000'001)), "2026-06-30T12:00:00.000001Z");
  EXPECT_EQ(format_time(from_micros(-1)), "1969-12-31T23:59:59.999999Z");
}

TEST(Clock, ReadsOffsetsAndFractions) {
  const auto noon = *parse_time("2026-06-30T12:00:00Z");
  EXPECT_EQ(*parse_time("2026-06-30T14:00:00+02:00"), noon);
  EXPECT_EQ(*parse_time("2026-06-30 06:30:00.000-05:30"), noon);
  EXPECT_EQ(*parse_time("2026-06-30T12:00:00.123456789Z"), noon + Duration(123'456));
  EXPECT_EQ(*parse_time("2026-06-30T12:00:00.5Z"), noon + Duration(500'000));
  EXPECT_TRUE(parse_time("2024-02-29T00:00:00Z"));
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const auto* text : {"", "today", "2026-06-30", "2026-06-30T12:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-06-30T24:00:00Z",
                           "2026-06-30T12:00:00.Z", "2026-06-30T12:00:00.1234567890Z", "2026-06-30T12:00:00+2:00", "2026-06-30T12:00:00Zx",
                           "2026-06-30T-1:00:00Z", "2026-06-30T12:00:00"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(Clock, EveryTimeComesBack) {
  for (std::int64_t micros = -62'000'000'000'000'000; micros < 250'000'000'000'000'000; micros += 7'777'777'777'777'777)
    EXPECT_EQ(to_micros(*parse_time(format_time(from_micros(micros)))), micros);
}

TEST(Duration, ForPeopleAndFromPeople) {
  EXPECT_EQ(format_duration(std::chrono::milliseconds(20)), "0.02 s");
  EXPECT_EQ(format_duration(std::chrono::seconds(725)), "12 min 5 s");
  EXPECT_EQ(format_duration(std::chrono::minutes(182)), "3 h 2 min");
  EXPECT_EQ(*parse_duration("90"), std::chrono::seconds(90));
  EXPECT_EQ(*parse_duration("1.5h"), std::chrono::minutes(90));
  EXPECT_EQ(*parse_duration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*parse_duration("1d"), std::chrono::hours(24));
  for (const auto* text : {"", "h", "-1s", "5 s", "1y", "nan", "inf", "1e30d"}) EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Units, ForPeopleAndFromPeople) {
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1500), "1.5 KB");
  EXPECT_EQ(format_bytes(20'000'000), "20 MB");
  EXPECT_EQ(*parse_bytes("512"), 512U);
  EXPECT_EQ(*parse_bytes("4k"), 4000U);
  EXPECT_EQ(*parse_bytes("1.5GiB"), 1'610'612'736U);
  for (const auto* text : {"", "k", "-1", "1 MB", "1XB", "inf", "1e40"}) EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Digest, IsSha256) {
  const auto hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(sha256("abc").hex(), hex);
  EXPECT_EQ(*Digest::from_hex(hex), sha256("abc"));
  Sha256 hasher;
  hasher.update("a");
  hasher.update("bc");
  EXPECT_EQ(hasher.finish().hex(), hex);
  hasher.update("abc");
  EXPECT_EQ(hasher.finish().hex(), hex);
  for (const auto& text : {std::string(), std::string(64, 'G'), std::string(63, 'a'), std::string(64, 'A')})
    EXPECT_FALSE(Digest::from_hex(text)) << text;
}

TEST(Digest, KeyedDigestIsRfc4231) {
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?").hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

TEST(Crc32c, MatchesRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c("456789", crc32c("123")), crc32c("123456789"));
}

TEST(Errors, EveryCodeHasItsOwnSlugAStatusAndAnExitCode) {
  std::set<std::string_view> slugs;
  std::set<ErrorCode> codes;
  for (const auto& row : error_code_table()) {
    EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
    EXPECT_TRUE(codes.insert(row.code).second) << row.slug;
    EXPECT_GE(row.http_status, 400) << row.slug;
    EXPECT_LT(row.http_status, 600) << row.slug;
    EXPECT_GT(row.exit_code, 0) << row.slug;
    EXPECT_TRUE(row.sentence.ends_with('.')) << row.slug;
    EXPECT_EQ(error_code_from_slug(row.slug), row.code);
  }
  EXPECT_EQ(codes.size(), static_cast<std::size_t>(ErrorCode::kInternal) + 1) << "a code is missing in the table";
  EXPECT_EQ(error_code_from_slug("of.the.future"), ErrorCode::kInternal);
}

TEST(Errors, TellWhatWhyAndWhatToDo) {
  const auto error = Error(ErrorCode::kTargetRejected, "the run could not start")
                         .because(Error(ErrorCode::kIo, "sbatch failed").because("no partition").hint("look there"))
                         .at("while starting r-12")
                         .mistakes({{"spec.x", "is wrong"}, {"", "and so"}});
  EXPECT_EQ(error.to_terminal(),
            "error: the run could not start  [target.rejected]\n  while starting r-12\n  because: sbatch failed: no partition\n  - spec.x: is "
            "wrong\n  - and so\n  try: look there");
  EXPECT_EQ(error.to_line().find('\n'), std::string::npos);
}

TEST(Errors, AFullDiskHasACodeOfItsOwn) {
  EXPECT_EQ(errno_error("x", ENOSPC).code(), ErrorCode::kStorageFull);
  EXPECT_EQ(errno_error("x", EDQUOT).code(), ErrorCode::kStorageFull);
  EXPECT_EQ(errno_error("x", EACCES).code(), ErrorCode::kIo);
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error(ErrorCode::kInvalidInput, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  TRY(const auto once, half(number));
  TRY(const auto twice, half(once));
  return twice;
}
Status check_half(int number) {
  CHECK_OK(half(number));
  return ok();
}

TEST(Result, MacrosPassErrorsUpwards) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().message(), "odd");
  EXPECT_TRUE(check_half(2));
  EXPECT_FALSE(check_half(3));
}

TEST(Suggest, NamesTheNearestOrNothing) {
  const std::vector<std::string> names = {"experiment", "environment", "target"};
  EXPECT_EQ(nearest("expirement", names), "experiment");
  EXPECT_EQ(did_you_mean("traget", names), "did you mean \"target\"?");
  EXPECT_EQ(did_you_mean("zzz", names), "");
  EXPECT_EQ(nearest("", names), "");
}

TEST(Random, HasTheAskedLengthAndDiffers) {
  SystemRandom system;
  EXPECT_EQ(system.hex(16).size(), 32U);
  EXPECT_NE(system.hex(16), system.hex(16));
  SeededRandom one(5), same(5);
  EXPECT_EQ(one.hex(20), same.hex(20));
  const auto guid = new_guid(system);
  EXPECT_EQ(guid.size(), 36U);
  EXPECT_EQ(guid[14], '4');
  EXPECT_NE(std::string("89ab").find(guid[19]), std::string::npos);
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock;
  const auto before = clock.now();
  clock.advance(std::chrono::seconds(3));
  EXPECT_EQ(clock.now() - before, std::chrono::seconds(3));
  EXPECT_EQ(clock.monotonic(), std::chrono::seconds(3));
}

}  // namespace
}  // namespace stoker
