#include "metrics/run_view.hpp"

#include <optional>

#include "metrics/record.hpp"

namespace stoker::metrics {
namespace {

/// Numbers shapes over all pieces and asks once for each whether it is wanted.
class Numbering {
 public:
  explicit Numbering(const RunView::Wants& wants) : wants_(wants) {}
  std::uint32_t number_of(const Shape& shape) {
    const auto number = shapes_.number_of(shape);
    if (number == is_wanted_.size()) is_wanted_.push_back(wants_(shape));
    return number;
  }
  bool is_wanted(std::uint32_t number) const { return is_wanted_[number]; }
  const Shape& shape(std::uint32_t number) const { return shapes_.at(number); }

 private:
  const RunView::Wants& wants_;
  Dictionary shapes_;
  std::vector<bool> is_wanted_;
};

const Context& no_context() {
  static const Context kNone;
  return kNone;
}

/// False when the visit is to end.
bool visit_record(const Record& record, std::uint64_t from_index, Numbering& numbering, const RunView::Take& take) {
  RecordReader reader(record.payload);
  RecordInfo info;
  if (!reader.begin(info)) return true;
  RawPoint raw;
  std::vector<std::uint32_t> numbers;  // by shape of the record
  for (auto index = record.first_index; index < record.first_index + info.count && reader.next(raw); ++index) {
    while (numbers.size() < reader.shapes().size()) numbers.push_back(numbering.number_of(reader.shapes()[numbers.size()]));
    const auto number = numbers[raw.shape];
    if (index < from_index || !numbering.is_wanted(number)) continue;
    const auto& context = raw.context == kNoContext ? no_context() : reader.contexts()[raw.context];
    if (!take({index, numbering.shape(number), number, context, raw})) return false;
  }
  return true;
}

/// False when the visit is to end.
Result<bool> visit_one_block(const RunView& view, const BlockPlace& place, const BlockFront& front, std::uint64_t from_index, Numbering& numbering,
                             const RunView::Take& take) {
  const auto& shapes = view.folded->shapes;
  std::vector<std::uint32_t> numbers(shapes.size());
  for (const auto& series : front.series) numbers[series.shape] = numbering.number_of(shapes.at(series.shape));
  BlockReader reader(front, fetch_from(view.bytes, place));
  CHECK_OK(reader.begin([&](std::uint32_t shape) { return numbering.is_wanted(numbers[shape]); }));
  RawPoint raw;
  for (std::uint32_t at = 0; reader.next(raw, at);) {
    if (place.first_index + at < from_index) continue;
    const auto number = numbers[raw.shape];
    const auto& context = raw.context == kNoContext ? no_context() : front.contexts[raw.context];
    if (!take({place.first_index + at, numbering.shape(number), number, context, raw})) return false;
  }
  return true;
}

}  // namespace

Result<BlockFront> read_front(const RunView& view, const BlockPlace& place) {
  TRY(auto front, read_front(view.bytes, place));
  // Series rise, so the last is the greatest.
  if (!front.series.empty() && front.series.back().shape >= view.folded->shapes.size())
    return Error(ErrorCode::kDataFormat, "a block of the metrics names a series that is not there");
  return front;
}

Status RunView::visit(std::uint64_t from_index, const Wants& wants, const Take& take) const {
  Numbering numbering(wants);
  for (std::size_t i = 0; folded && i < folded->blocks.size(); ++i) {
    const auto& place = folded->blocks[i];
    if (place.first_index + place.points <= from_index) continue;
    TRY(const auto front, read_front(*this, place));
    TRY(const bool goes_on, visit_one_block(*this, place, front, from_index, numbering, take));
    if (!goes_on) return ok();
  }
  for (const auto& record : records) {
    if (record->first_index + record->count <= from_index) continue;
    if (!visit_record(*record, from_index, numbering, take)) return ok();
  }
  return ok();
}

Status RunView::visit_block(const BlockPlace& place, const BlockFront& front, const Wants& wants, const Take& take) const {
  Numbering numbering(wants);
  CHECK_OK(visit_one_block(*this, place, front, 0, numbering, take));
  return ok();
}

Status RunView::visit_records(const Wants& wants, const Take& take) const {
  Numbering numbering(wants);
  for (const auto& record : records) {
    if (!visit_record(*record, 0, numbering, take)) return ok();
  }
  return ok();
}

}  // namespace stoker::metrics
