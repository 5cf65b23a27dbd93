#include "metrics/shape.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace stoker::metrics {
namespace {

template <class Named>
bool is_same(const Shape& shape, const Named& named) {
  return shape.kind == named.kind && shape.name == named.name && shape.columns == named.columns;
}

std::size_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

}  // namespace

void put_shape(std::string& out, const Shape& shape) {
  out.push_back(static_cast<char>(shape.kind));
  put_text(out, shape.name);
  put_number(out, shape.columns.size());
  for (const auto& column : shape.columns) put_text(out, column);
}

bool read_shape(Cursor& cursor, Shape& shape) {
  std::uint8_t kind = 0;
  std::uint64_t columns = 0;
  if (!cursor.byte(kind) || kind > static_cast<std::uint8_t>(MetricKind::kImage) || !cursor.text(shape.name) || !cursor.count(columns)) return false;
  shape.kind = static_cast<MetricKind>(kind);
  shape.columns.resize(columns);
  return std::ranges::all_of(shape.columns, [&](std::string& column) { return cursor.text(column); });
}

void put_context(std::string& out, const Context& context) {
  for (const auto* text : {&context.model_id, &context.dataset_name, &context.dataset_digest}) put_text(out, *text);
}

bool read_context(Cursor& cursor, Context& context) {
  return cursor.text(context.model_id) && cursor.text(context.dataset_name) && cursor.text(context.dataset_digest);
}

template <class Named>
std::optional<std::uint32_t> Dictionary::look_up(const Named& named) const {
  const auto [from, to] = numbers_.equal_range(hash_of(named.name));
  for (auto at = from; at != to; ++at) {
    if (is_same(shapes_[at->second], named)) return at->second;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Dictionary::find(const Shape& shape) const { return look_up(shape); }

std::uint32_t Dictionary::add(Shape shape) {
  numbers_.emplace(hash_of(shape.name), size());
  shapes_.push_back(std::move(shape));
  return size() - 1;
}

std::uint32_t Dictionary::number_of(const Shape& shape) {
  const auto found = look_up(shape);
  return found ? *found : add(shape);
}

std::uint32_t Dictionary::number_of(const MetricPoint& point) {
  if (expected_ >= size()) expected_ = 0;
  if (expected_ < size() && is_same(shapes_[expected_], point)) return expected_++;
  const auto found = look_up(point);
  const auto number = found ? *found : add({point.name, point.kind, point.columns});
  expected_ = number + 1;
  return number;
}

void Dictionary::cut(std::uint32_t size) {
  if (size == shapes_.size()) return;
  shapes_.resize(size);
  std::erase_if(numbers_, [size](const auto& entry) { return entry.second >= size; });
}

}  // namespace stoker::metrics
