#include "logs/log_index.hpp"

#include <cstring>

#include <fmt/format.h>

#include "base/crc32c.hpp"

namespace stoker::logs {
namespace {

constexpr std::string_view kMagic = "STKRLOGI";

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i)));
}

template <class Number>
Number get(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return static_cast<Number>(number);
}

}  // namespace

std::string encode_header() {
  std::string out(kMagic);
  put(out, kVersion);
  put(out, crc32c(out));
  return out;
}

Status check_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || bytes.substr(0, 8) != kMagic || get<std::uint32_t>(bytes, 12) != crc32c(bytes.substr(0, 12)))
    return Error(ErrorCode::kDataFormat, "the file is not an index of a log");
  const auto version = get<std::uint32_t>(bytes, 8);
  if (version > kVersion)
    return Error(ErrorCode::kDataFormat, fmt::format("the index has format {}, this version of stoker knows {}", version, kVersion))
        .hint("use the newer stoker that wrote it");
  return ok();
}

void encode(const Entry& entry, std::string& out) {
  const auto start = out.size();
  put(out, std::uint32_t{0});
  put(out, static_cast<std::uint8_t>(entry.kind));
  put(out, entry.stream);
  put(out, std::uint16_t{0});
  put(out, entry.length);
  put(out, entry.attempt);
  put(out, to_micros(entry.time));
  for (const auto total : entry.before) put(out, total);
  std::string crc;
  put(crc, crc32c(std::string_view(out).substr(start + 4)));
  out.replace(start, 4, crc);
}

bool decode(std::string_view bytes, Entry& entry) {
  if (bytes.size() < kEntrySize || get<std::uint32_t>(bytes, 0) != crc32c(bytes.substr(4, kEntrySize - 4))) return false;
  const auto kind = get<std::uint8_t>(bytes, 4);
  if (kind != 1 && kind != 2) return false;
  entry.kind = static_cast<Entry::Kind>(kind);
  entry.stream = get<std::uint8_t>(bytes, 5);
  entry.length = get<std::uint32_t>(bytes, 8);
  entry.attempt = get<std::uint32_t>(bytes, 12);
  entry.time = from_micros(get<std::int64_t>(bytes, 16));
  for (std::size_t i = 0; i < 3; ++i) entry.before[i] = get<std::uint64_t>(bytes, 24 + 8 * i);
  if (entry.kind == Entry::Kind::kAttempt) return entry.stream == 0 && entry.length == 0;
  return entry.stream >= 1 && entry.stream <= 3 && entry.length > 0;
}

bool IndexState::take(const Entry& entry) {
  if (entry.before != totals) return false;
  if (entry.kind == Entry::Kind::kAttempt) {
    if (entry.attempt <= attempt) return false;
    attempt = entry.attempt;
    attempt_base = sum(totals);
  } else {
    if (entry.attempt != attempt || attempt == 0) return false;
    totals[entry.stream - 1U] += entry.length;
  }
  ++entries;
  return true;
}

bool follow(std::string_view bytes, IndexState& state) {
  Entry entry;
  for (; bytes.size() >= kEntrySize; bytes.remove_prefix(kEntrySize)) {
    if (!decode(bytes, entry) || !state.take(entry)) return false;
  }
  return bytes.empty();
}

}  // namespace stoker::logs
