#include "metrics/record.hpp"

#include <algorithm>
#include <utility>

#include "metrics/point_flags.hpp"

namespace stoker::metrics {
namespace {

enum ValuesForm : std::uint8_t { kReals = 0, kWholes = 1, kTagged = 2 };  // the low two bits of their count
enum ValueTag : std::uint8_t { kReal = 0, kText = 1, kWhole = 2 };

void put_value(std::string& out, const MetricValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) put_number(out, fold_sign(static_cast<std::uint64_t>(*whole)));
  else if (const auto* real = std::get_if<double>(&value)) put_real(out, *real);
  else put_text(out, std::get<std::string>(value));
}

ValueTag tag_of(const MetricValue& value) {
  if (std::holds_alternative<double>(value)) return kReal;
  return std::holds_alternative<std::string>(value) ? kText : kWhole;
}

bool read_value(Cursor& cursor, std::uint8_t tag, MetricValue& value) {
  std::uint64_t whole = 0;
  switch (tag) {
    case kReal: return cursor.real(value.emplace<double>());
    case kText: return cursor.text(value.emplace<std::string>());
    case kWhole:
      if (!cursor.sign_folded(whole)) return false;
      value = static_cast<std::int64_t>(whole);
      return true;
    default: return false;
  }
}

/// Few differ, so they are searched one by one.
std::uint32_t number_of(std::vector<Context>& contexts, const MetricPoint& point, bool& is_new) {
  Context context{point.model_id, point.dataset_name, point.dataset_digest};
  const auto found = std::ranges::find(contexts, context);
  is_new = found == contexts.end();
  const auto number = static_cast<std::uint32_t>(found - contexts.begin());
  if (is_new) contexts.push_back(std::move(context));
  return number;
}

bool has_context(const MetricPoint& point) { return !point.model_id.empty() || !point.dataset_name.empty() || !point.dataset_digest.empty(); }

class PointWriter {
 public:
  explicit PointWriter(std::string& out) : out_(out) {}
  void put(const MetricPoint& point) {
    const auto known = shapes_.size();
    const auto number = shapes_.number_of(point);
    put_number(out_, number);
    if (number == known) put_shape(out_, shapes_.at(number));
    out_.push_back(static_cast<char>((point.step ? kHasStep : 0) | (point.is_identified ? kIdentified : 0) | (has_context(point) ? kHasContext : 0)));
    const auto micros = static_cast<std::uint64_t>(to_micros(point.time));
    put_number(out_, fold_sign(micros - std::exchange(time_, micros)));
    if (point.step) {
      const auto step = static_cast<std::uint64_t>(*point.step);
      put_number(out_, fold_sign(step - std::exchange(step_, step)));
    }
    if (has_context(point)) put(number_of(contexts_, point, is_new_context_));
    put_values(out_, point.values);
  }

 private:
  void put(std::uint32_t context) {
    put_number(out_, context);
    if (is_new_context_) put_context(out_, contexts_[context]);
  }

  std::string& out_;
  Dictionary shapes_;
  std::vector<Context> contexts_;
  bool is_new_context_ = false;
  std::uint64_t time_ = 0;
  std::uint64_t step_ = 0;
};

}  // namespace

void put_values(std::string& out, const std::vector<MetricValue>& values) {
  std::uint8_t form = values.empty() || tag_of(values.front()) == kReal ? kReals : tag_of(values.front()) == kWhole ? kWholes : kTagged;
  if (std::ranges::any_of(values, [&](const auto& value) { return tag_of(value) != tag_of(values.front()); })) form = kTagged;
  put_number(out, values.size() << 2 | form);
  for (const auto& value : values) {
    if (form == kTagged) out.push_back(static_cast<char>(tag_of(value)));
    put_value(out, value);
  }
}

bool read_values(Cursor& cursor, std::vector<MetricValue>& values) {
  std::uint64_t head = 0;
  if (!cursor.number(head) || head >> 2 > cursor.rest().size()) return false;
  values.resize(head >> 2);
  for (auto& value : values) {
    std::uint8_t tag = (head & 3) == kReals ? kReal : kWhole;
    if ((head & 3) == kTagged && !cursor.byte(tag)) return false;
    if ((head & 3) > kTagged || !read_value(cursor, tag, value)) return false;
  }
  return true;
}

void encode_record(const RecordInfo& info, std::span<const MetricPoint* const> points, std::string& out) {
  out.push_back(static_cast<char>(info.kind));
  put_text(out, info.run);
  if (info.kind == RecordInfo::Kind::kRemoved) return;
  if (info.kind == RecordInfo::Kind::kJournal) put_number(out, info.attempt);
  if (info.kind == RecordInfo::Kind::kCall) put_text(out, info.writer);
  if (info.kind != RecordInfo::Kind::kPlain) put_number(out, info.last);
  put_number(out, points.size());
  PointWriter writer(out);
  for (const auto* point : points) writer.put(*point);
}

bool RecordReader::begin(RecordInfo& info) {
  std::uint8_t kind = 0;
  if (!cursor_.byte(kind) || kind > static_cast<std::uint8_t>(RecordInfo::Kind::kRemoved) || !cursor_.text(info.run)) return false;
  info.kind = static_cast<RecordInfo::Kind>(kind);
  info.count = 0;
  if (info.kind == RecordInfo::Kind::kRemoved) return true;
  if (info.kind == RecordInfo::Kind::kJournal && !cursor_.number(info.attempt)) return false;
  if (info.kind == RecordInfo::Kind::kCall && !cursor_.text(info.writer)) return false;
  if (info.kind != RecordInfo::Kind::kPlain && !cursor_.number(info.last)) return false;
  return cursor_.count(info.count);
}

bool RecordReader::next_shape(RawPoint& point) {
  std::uint64_t number = 0;
  if (!cursor_.number(number) || number > shapes_.size()) return false;
  point.shape = static_cast<std::uint32_t>(number);
  return number < shapes_.size() || read_shape(cursor_, shapes_.emplace_back());
}

bool RecordReader::next_context(RawPoint& point) {
  std::uint64_t number = 0;
  if (!cursor_.number(number) || number > contexts_.size()) return false;
  point.context = static_cast<std::uint32_t>(number);
  return number < contexts_.size() || read_context(cursor_, contexts_.emplace_back());
}

bool RecordReader::next(RawPoint& point) {
  std::uint8_t flags = 0;
  std::uint64_t difference = 0;
  if (!next_shape(point) || !cursor_.byte(flags) || flags > kAllPointFlags || !cursor_.sign_folded(difference)) return false;
  time_ += difference;
  point.time = static_cast<std::int64_t>(time_);
  point.is_identified = (flags & kIdentified) != 0;
  point.step.reset();
  if ((flags & kHasStep) != 0) {
    if (!cursor_.sign_folded(difference)) return false;
    step_ += difference;
    point.step = static_cast<std::int64_t>(step_);
  }
  point.context = kNoContext;
  if ((flags & kHasContext) != 0 && !next_context(point)) return false;
  return read_values(cursor_, point.values);
}

}  // namespace stoker::metrics
