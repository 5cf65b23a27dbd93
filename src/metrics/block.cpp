#include "metrics/block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/crc32c.hpp"

namespace stoker::metrics {
namespace {

constexpr std::string_view kMagic = "STKRMETR";
constexpr std::uint8_t kHasStep = 1;
constexpr std::uint8_t kHasText = 2;
constexpr std::uint8_t kNumber = 0;
constexpr std::uint8_t kText = 1;

void put_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

void put_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

void put_real(std::string& out, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(bits >> (8 * i)));
}

// Small differences of either sign become small numbers: 0, -1, 1, -2 … are 0, 1, 2, 3 …
std::uint64_t fold(std::uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
std::uint64_t unfold(std::uint64_t folded) { return (folded >> 1) ^ (0 - (folded & 1)); }

void put_values(std::string& out, const std::vector<MetricValue>& values, bool has_text) {
  put_number(out, values.size());
  for (const auto& value : values) {
    const auto* text = std::get_if<std::string>(&value);
    if (has_text) out.push_back(static_cast<char>(text != nullptr ? kText : kNumber));
    if (text != nullptr) put_text(out, *text);
    else put_real(out, std::get<double>(value));
  }
}

std::string key_of(std::string_view name, MetricKind kind, const std::vector<std::string>& columns) {
  std::string key(1, static_cast<char>(kind));
  put_text(key, name);
  for (const auto& column : columns) put_text(key, column);
  return key;
}

}  // namespace

std::string encode_header() {
  std::string out(kMagic);
  put_u32(out, kVersion);
  put_u32(out, crc32c(out));
  return out;
}

Result<std::uint32_t> check_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || bytes.substr(0, 8) != kMagic || get_u32(bytes.substr(12)) != crc32c(bytes.substr(0, 12)))
    return Error(ErrorCode::kDataFormat, "the file is not one of metrics");
  const auto version = get_u32(bytes.substr(8));
  if (version > kVersion)
    return Error(ErrorCode::kDataFormat, fmt::format("the metrics have format {}, this version of stoker knows {}", version, kVersion))
        .hint("use the newer stoker that wrote them");
  return version;
}

std::optional<std::uint64_t> Dictionary::find(const MetricPoint& point) const {
  const auto found = numbers_.find(key_of(point.name, point.kind, point.columns));
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

void Dictionary::add(Shape shape) {
  numbers_.emplace(key_of(shape.name, shape.kind, shape.columns), shapes_.size());
  shapes_.push_back(std::move(shape));
}

void Dictionary::cut(std::uint64_t size) {
  for (; shapes_.size() > size; shapes_.pop_back()) {
    const auto& last = shapes_.back();
    numbers_.erase(key_of(last.name, last.kind, last.columns));
  }
}

void encode_block(const BlockInfo& info, std::span<const MetricPoint* const> points, Dictionary& shapes, std::string& out) {
  const auto known = shapes.size();
  std::string body;
  std::uint64_t time = 0;
  std::uint64_t step = 0;
  for (const auto* point : points) {
    auto number = shapes.find(*point);
    if (!number) {
      number = shapes.size();
      shapes.add({point->name, point->kind, point->columns});
    }
    const bool has_text = std::ranges::any_of(point->values, [](const auto& value) { return std::holds_alternative<std::string>(value); });
    put_number(body, *number);
    body.push_back(static_cast<char>((point->step ? kHasStep : 0) | (has_text ? kHasText : 0)));
    const auto micros = static_cast<std::uint64_t>(to_micros(point->time));
    put_number(body, fold(micros - time));
    time = micros;
    if (point->step) {
      put_number(body, fold(static_cast<std::uint64_t>(*point->step) - step));
      step = static_cast<std::uint64_t>(*point->step);
    }
    put_values(body, point->values, has_text);
  }
  std::string payload;
  for (const auto field : {info.attempt, info.last_seq, std::uint64_t{points.size()}, shapes.size() - known}) put_number(payload, field);
  if (info.attempt == 0) {
    put_text(payload, info.writer);
    put_number(payload, info.rest);
  }
  for (auto number = known; number < shapes.size(); ++number) {
    const auto& shape = shapes.at(number);
    payload.push_back(static_cast<char>(shape.kind));
    put_text(payload, shape.name);
    put_number(payload, shape.columns.size());
    for (const auto& column : shape.columns) put_text(payload, column);
  }
  payload += body;
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, crc32c(payload));
  out += payload;
}

Found find_block(std::string_view bytes, FoundBlock& block) {
  if (bytes.size() < kBlockHeaderSize) return Found::kIncomplete;
  const auto length = get_u32(bytes);
  if (length == 0 || length > kLongestBlock) return Found::kDamaged;
  if (bytes.size() - kBlockHeaderSize < length) {
    block.size = kBlockHeaderSize + length;
    return Found::kIncomplete;
  }
  block = {bytes.substr(kBlockHeaderSize, length), kBlockHeaderSize + length};
  return crc32c(block.payload) == get_u32(bytes.substr(4)) ? Found::kBlock : Found::kDamaged;
}

bool BlockReader::byte(std::uint8_t& value) {
  if (rest_.empty()) return false;
  value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return true;
}

bool BlockReader::number(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    std::uint8_t part = 0;
    if (!byte(part)) return false;
    value |= static_cast<std::uint64_t>(part & 0x7F) << shift;
    if ((part & 0x80) == 0) return true;
  }
  return false;
}

bool BlockReader::text(std::string& value) {
  std::uint64_t length = 0;
  if (!number(length) || length > rest_.size()) return false;
  value.assign(rest_.substr(0, length));
  rest_.remove_prefix(length);
  return true;
}

bool BlockReader::real(double& value) {
  if (rest_.size() < 8) return false;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  value = std::bit_cast<double>(bits);
  rest_.remove_prefix(8);
  return true;
}

bool BlockReader::read_shape(Shape& shape) {
  std::uint8_t kind = 0;
  std::uint64_t columns = 0;
  if (!byte(kind) || kind > static_cast<std::uint8_t>(MetricKind::kImage) || !text(shape.name)) return false;
  if (!number(columns) || columns > rest_.size()) return false;
  shape.kind = static_cast<MetricKind>(kind);
  shape.columns.resize(columns);
  return std::ranges::all_of(shape.columns, [&](std::string& column) { return text(column); });
}

bool BlockReader::read_head(BlockInfo& info, Dictionary* shapes) {
  std::uint64_t added = 0;
  if (!number(info.attempt) || !number(info.last_seq) || !number(info.count) || !number(added)) return false;
  if (info.attempt == 0 && (!text(info.writer) || !number(info.rest))) return false;
  for (; added > 0; --added) {
    Shape shape;
    if (!read_shape(shape)) return false;
    if (shapes != nullptr) shapes->add(std::move(shape));
  }
  return info.count <= rest_.size();
}

bool BlockReader::begin(BlockInfo& info, Dictionary& shapes) {
  const bool good = read_head(info, &shapes);
  shapes_ = shapes.size();
  return good;
}

bool BlockReader::begin(BlockInfo& info, std::uint64_t shapes) {
  shapes_ = shapes;
  return read_head(info, nullptr);
}

bool BlockReader::next_head(RawPoint& point) {
  std::uint64_t difference = 0;
  if (!number(point.shape) || point.shape >= shapes_ || !byte(flags_) || flags_ > (kHasStep | kHasText) || !number(difference)) return false;
  time_ += unfold(difference);
  point.time = from_micros(static_cast<std::int64_t>(time_));
  point.step.reset();
  if ((flags_ & kHasStep) == 0) return true;
  if (!number(difference)) return false;
  step_ += unfold(difference);
  point.step = static_cast<std::int64_t>(step_);
  return true;
}

bool BlockReader::read_values(std::vector<MetricValue>* values) {
  std::uint64_t count = 0;
  if (!number(count) || count > rest_.size()) return false;
  const bool has_text = (flags_ & kHasText) != 0;
  if (values != nullptr) values->clear();
  else if (!has_text) {
    if (count > rest_.size() / 8) return false;
    rest_.remove_prefix(count * 8);
    return true;
  }
  if (values != nullptr) values->reserve(count);
  for (; count > 0; --count) {
    std::uint8_t kind = kNumber;
    double value = 0;
    std::string words;
    if (has_text && (!byte(kind) || kind > kText)) return false;
    if (kind == kText ? !text(words) : !real(value)) return false;
    if (values == nullptr) continue;
    if (kind == kText) values->emplace_back(std::move(words));
    else values->emplace_back(value);
  }
  return true;
}

}  // namespace stoker::metrics
