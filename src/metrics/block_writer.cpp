#include "metrics/block_writer.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/crc32c.hpp"
#include "metrics/column.hpp"
#include "metrics/drawing.hpp"
#include "metrics/levels.hpp"
#include "metrics/point_flags.hpp"

namespace stoker::metrics {
namespace {

constexpr std::uint32_t kLeastForSummaries = 4096;  // points of a block
constexpr std::size_t kPageValues = 4096;           // a page of several series is not begun again behind so many

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

bool is_exact(std::int64_t whole) { return whole >= -(std::int64_t{1} << 53) && whole <= std::int64_t{1} << 53; }

double as_real(Page::Type type, std::uint64_t bits) {
  return type == Page::Type::kWholes ? static_cast<double>(static_cast<std::int64_t>(bits)) : std::bit_cast<double>(bits);
}

}  // namespace

/// The sections of a block one after the other.
struct BlockWriter::Body {
  BlockFront front;
  std::string bytes;
  Section section(std::string content) {
    const Section section{bytes.size(), content.size(), crc32c(content)};
    bytes += content;
    return section;
  }
};

BlockWriter::Slot& BlockWriter::slot_of(std::uint32_t shape) {
  if (shape >= slot_by_shape_.size()) slot_by_shape_.resize(shape + 1);
  auto& slot = slot_by_shape_[shape];
  if (slot == 0) {
    slots_.push_back({.shape = shape});
    slot = static_cast<std::uint32_t>(slots_.size());
  }
  return slots_[slot - 1];
}

void BlockWriter::make_mixed(Slot& slot) {
  std::vector<MetricValue> values(slot.per_point);
  for (std::size_t at = 0; at < slot.bits.size(); at += slot.per_point) {
    for (std::size_t i = 0; i < slot.per_point; ++i) {
      const auto bits = slot.bits[at + i];
      if (slot.type == Page::Type::kWholes) values[i] = static_cast<std::int64_t>(bits);
      else if (slot.type == Page::Type::kNumbers && slot.are_whole[at + i] != 0) values[i] = static_cast<std::int64_t>(std::bit_cast<double>(bits));
      else values[i] = std::bit_cast<double>(bits);
    }
    put_values(slot.bytes, values);
  }
  slot.type = Page::Type::kMixed;
  slot.bits.clear();
  slot.are_whole.clear();
}

/// False when they do not fit what the series has so far.
bool BlockWriter::add_numbers(Slot& slot, const std::vector<MetricValue>& values) {
  if (values.empty() || values.size() > kLongestColumn / kPointsPerBlock) return false;
  if (slot.count == 0) {
    slot.per_point = static_cast<std::uint32_t>(values.size());
    slot.type = std::holds_alternative<std::int64_t>(values.front()) ? Page::Type::kWholes : Page::Type::kReals;
  }
  if (values.size() != slot.per_point || std::ranges::any_of(values, [](const auto& value) { return std::holds_alternative<std::string>(value); }))
    return false;
  const auto fits = [&](const MetricValue& value) { return std::holds_alternative<std::int64_t>(value) == (slot.type == Page::Type::kWholes); };
  if (slot.type != Page::Type::kNumbers && !std::ranges::all_of(values, fits)) {
    const bool were_whole = slot.type == Page::Type::kWholes;
    const auto exact = [](std::uint64_t bits) { return is_exact(static_cast<std::int64_t>(bits)); };
    if (slot.per_point != 1 || (were_whole && !std::ranges::all_of(slot.bits, exact))) return false;
    if (were_whole) std::ranges::transform(slot.bits, slot.bits.begin(), [](auto bits) { return bits_of(as_real(Page::Type::kWholes, bits)); });
    slot.are_whole.assign(slot.bits.size(), were_whole ? 1 : 0);
    slot.type = Page::Type::kNumbers;
  }
  for (const auto& value : values) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    if (slot.type == Page::Type::kNumbers && whole != nullptr && !is_exact(*whole)) return false;
    if (slot.type == Page::Type::kNumbers) slot.are_whole.push_back(whole != nullptr ? 1 : 0);
    if (slot.type == Page::Type::kWholes) slot.bits.push_back(static_cast<std::uint64_t>(*whole));
    else slot.bits.push_back(bits_of(whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value)));
  }
  return true;
}

void BlockWriter::add_values(Slot& slot, const std::vector<MetricValue>& values) {
  if (slot.type != Page::Type::kMixed && !add_numbers(slot, values)) make_mixed(slot);
  if (slot.type == Page::Type::kMixed) put_values(slot.bytes, values);
  ++slot.count;
}

void BlockWriter::add(std::uint32_t shape, const RawPoint& point, const Context& context) {
  auto& slot = slot_of(shape);
  const auto before = slot.bytes.size();
  add_values(slot, point.values);
  value_bytes_ += slot.bytes.size() - before + 8 * point.values.size();
  slot.places.push_back(static_cast<std::uint32_t>(order_.size()));
  order_.push_back(static_cast<std::uint64_t>(&slot - slots_.data()));
  times_.push_back(static_cast<std::uint64_t>(point.time));
  steps_.push_back(static_cast<std::uint64_t>(point.step.value_or(0)));
  auto flags = static_cast<std::uint64_t>((point.step ? kHasStep : 0) | (point.is_identified ? kIdentified : 0));
  if (!context.is_empty()) {
    flags |= kHasContext;
    const auto found = std::ranges::find(contexts_, context);
    context_numbers_.push_back(static_cast<std::uint64_t>(found - contexts_.begin()));
    if (found == contexts_.end()) contexts_.push_back(context);
  }
  flags_.push_back(flags);
}

/// `index`: of the point in the slot.
std::uint64_t BlockWriter::summary_step(const Slot& slot, std::uint32_t index) const {
  const auto place = slot.places[index];
  const bool is_placed = (flags_[place] & (kHasStep | kIdentified)) == 0;
  return is_placed ? index : steps_[place];
}

void BlockWriter::summarize(const Slot& slot, BlockSeries& series, Body& body) const {
  const auto& shape = shapes_.at(slot.shape);
  if (shape.kind != MetricKind::kScalar || slot.type == Page::Type::kMixed || slot.per_point != 1) return;
  const auto is_stepless = [&](std::uint32_t place) { return (flags_[place] & (kHasStep | kIdentified)) == 0; };
  const auto stepless = std::ranges::count_if(slot.places, is_stepless);
  Levels levels{.by_place = stepless > 0, .is_sorted = true, .buckets = {}};
  for (std::uint32_t i = 0; i < slot.count; ++i) {
    const auto place = slot.places[i];
    const Drawn drawn{as_real(slot.type, slot.bits[i]), static_cast<std::int64_t>(summary_step(slot, i)),
                      from_micros(static_cast<std::int64_t>(times_[place]))};
    auto& best = is_stepless(place) ? series.unstepped : series.stepped;
    const auto ordered = [](double value) { return std::isnan(value) ? 0 : value; };
    const auto time = to_micros(drawn.time);
    if (!best || std::tuple(drawn.step, time, ordered(drawn.value)) > std::tuple(best->step, best->time, ordered(best->value)))
      best = BlockLatest{drawn.value, drawn.step, time};
    if (i % kPointsPerLevel == 0) levels.buckets.push_back(bucket_of(drawn));
    else merge(levels.buckets.back(), bucket_of(drawn));
    if (i > 0) levels.is_sorted &= drawn.step >= static_cast<std::int64_t>(summary_step(slot, i - 1));
  }
  const bool is_uniform = stepless == 0 || stepless == std::ssize(slot.places);
  if (slot.count < kLeastForLevels || !is_uniform) return;
  std::string content;
  encode_levels(levels, content);
  series.levels = body.section(std::move(content));
}

/// `ranks`: by slot, its place among the series.
void BlockWriter::put_points(const std::vector<std::uint32_t>& ranks, Body& body) const {
  std::vector<std::uint64_t> order(order_.size()), changes;
  std::vector<std::optional<std::uint64_t>> last(slots_.size());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    order[i] = ranks[order_[i]];
    if ((flags_[i] & kHasStep) == 0) continue;
    auto& own = last[order_[i]];
    changes.push_back(fold_sign(steps_[i] - own.value_or(before)));
    own = before = steps_[i];
  }
  std::string content;
  put_differences(content, order);
  body.front.order = body.section(std::exchange(content, {}));
  put_integers(content, flags_);
  body.front.flags = body.section(std::exchange(content, {}));
  put_differences(content, times_);
  body.front.times = body.section(std::exchange(content, {}));
  put_integers(content, changes);
  body.front.steps = body.section(std::exchange(content, {}));
  put_integers(content, context_numbers_);
  body.front.context_numbers = body.section(std::move(content));
}

void BlockWriter::put_pages(const std::vector<const Slot*>& slots, Body& body) const {
  for (std::size_t at = 0; at < slots.size();) {
    Page page{.series = 0, .type = slots[at]->type, .per_point = slots[at]->per_point};
    std::string content;
    if (page.type == Page::Type::kMixed) {
      put_packed(content, slots[at]->bytes);
    } else if (page.type == Page::Type::kNumbers) {
      put_integers(content, slots[at]->are_whole);
      put_reals(content, slots[at]->bits);
    } else {
      std::vector<std::uint64_t> values;
      for (auto next = at; next < slots.size(); ++next) {
        const auto& slot = *slots[next];
        const bool fits = slot.type == page.type && slot.per_point == page.per_point;
        if (next > at && (!fits || values.size() + slot.bits.size() > kPageValues)) break;
        for (std::uint32_t i = 0; i < slot.per_point; ++i) {
          for (auto value = i; value < slot.bits.size(); value += slot.per_point) values.push_back(slot.bits[value]);
        }
        ++page.series;
      }
      if (page.type == Page::Type::kReals) put_reals(content, values);
      else put_differences(content, values);
    }
    page.series = std::max(page.series, 1U);
    at += page.series;
    page.section = body.section(std::move(content));
    body.front.pages.push_back(page);
  }
}

void BlockWriter::finish(std::string& out) {
  if (is_empty()) return;
  Body body;
  body.front.points = static_cast<std::uint32_t>(order_.size());
  body.front.has_summaries = order_.size() >= kLeastForSummaries;
  for (auto number = known_; number < shapes_.size(); ++number) body.front.new_shapes.push_back(shapes_.at(number));
  body.front.contexts = contexts_;
  std::vector<const Slot*> slots;
  for (const auto& slot : slots_) slots.push_back(&slot);
  std::ranges::sort(slots, {}, &Slot::shape);
  std::vector<std::uint32_t> ranks(slots_.size());
  for (std::size_t rank = 0; rank < slots.size(); ++rank) {
    ranks[static_cast<std::size_t>(slots[rank] - slots_.data())] = static_cast<std::uint32_t>(rank);
    auto& series = body.front.series.emplace_back(BlockSeries{.shape = slots[rank]->shape, .count = slots[rank]->count});
    if (body.front.has_summaries) summarize(*slots[rank], series, body);
  }
  put_points(ranks, body);
  put_pages(slots, body);
  encode_front(body.front, out);
  out += body.bytes;
  clear();
}

void BlockWriter::clear() {
  known_ = shapes_.size();
  slot_by_shape_.clear();
  slots_.clear();
  contexts_.clear();
  for (auto* column : {&order_, &flags_, &times_, &steps_, &context_numbers_}) column->clear();
  value_bytes_ = 0;
}

}  // namespace stoker::metrics
