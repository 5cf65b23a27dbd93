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

bool visit_record(const Record& record, std::uint64_t from_index, Numbering& numbering, const RunView::Take& take) {
  static const Context kNone;
  RecordReader reader(record.payload);
  RecordInfo info;
  if (!reader.begin(info)) return true;
  RawPoint raw;
  std::vector<std::uint32_t> numbers;  // by shape of the record
  for (auto index = record.first_index; index < record.first_index + info.count && reader.next(raw); ++index) {
    for (; numbers.size() < reader.shapes().size(); numbers.push_back(numbering.number_of(reader.shapes()[numbers.size()]))) {
    }
    const auto number = numbers[raw.shape];
    if (index < from_index || !numbering.is_wanted(number)) continue;
    const auto& context = raw.context == kNoContext ? kNone : reader.contexts()[raw.context];
    if (!take({index, numbering.shape(number), number, context, raw})) return false;
  }
  return true;
}

}  // namespace

Status RunView::visit(std::uint64_t from_index, const Wants& wants, const Take& take) const {
  Numbering numbering(wants);
  for (const auto& record : records) {
    if (record->first_index + record->count <= from_index) continue;
    if (!visit_record(*record, from_index, numbering, take)) return ok();
  }
  return ok();
}

}  // namespace stoker::metrics
