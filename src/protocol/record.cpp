#include "protocol/record.hpp"

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "protocol/wire.hpp"

namespace stoker::protocol {
namespace {

using wire::put;
using wire::put_text;
using wire::Reader;

// The type is one more than the alternative's place in Payload, so the order of Payload is part of the format: append only.
template <class P>
constexpr std::uint8_t kTypeOf = [] {
  constexpr std::size_t place = []<std::size_t... I>(std::index_sequence<I...>) {
    std::size_t found = sizeof...(I);
    ((std::is_same_v<P, std::variant_alternative_t<I, Payload>> ? (found = I) : found), ...);
    return found;
  }(std::make_index_sequence<std::variant_size_v<Payload>>());
  return static_cast<std::uint8_t>(place + 1);
}();
static_assert(kTypeOf<OutputRecord> == 1 && kTypeOf<FinishedRecord> == 9 && kTypeOf<EnvironmentRecord> == 13, "types on disk never change");

void put_optional(std::string& out, const std::optional<std::string>& text) {
  put(out, static_cast<std::uint8_t>(text ? 1 : 0));
  if (text) put_text(out, *text);
}
void put_optional(std::string& out, const std::optional<std::int64_t>& number) {
  put(out, static_cast<std::uint8_t>(number ? 1 : 0));
  if (number) put(out, static_cast<std::uint64_t>(*number));
}
bool read_flag(Reader& in) {
  const auto flag = in.number<std::uint8_t>();
  if (flag > 1) in.fail();
  return flag == 1;
}
std::optional<std::string> read_optional_text(Reader& in) {
  if (!read_flag(in)) return std::nullopt;
  return in.text();
}
std::optional<std::int64_t> read_optional_number(Reader& in) {
  if (!read_flag(in)) return std::nullopt;
  return static_cast<std::int64_t>(in.number<std::uint64_t>());
}
template <class Enum>
Enum read_enum(Reader& in, Enum low, Enum high) {
  const auto value = in.number<std::uint8_t>();
  if (value < static_cast<std::uint8_t>(low) || value > static_cast<std::uint8_t>(high)) in.fail();
  return in.good() ? static_cast<Enum>(value) : low;
}

void write(const OutputRecord& output, bool with_data, std::string& out) {
  put(out, static_cast<std::uint8_t>(output.stream));
  put(out, output.offset);
  put(out, output.length);
  put(out, static_cast<std::uint8_t>(with_data ? 1 : 0));
  if (with_data) out.append(output.data);
}
void read(Reader& in, OutputRecord& output) {
  output.stream = read_enum(in, Stream::kStdout, Stream::kSystem);
  output.offset = in.number<std::uint64_t>();
  output.length = in.number<std::uint32_t>();
  if (read_flag(in)) output.data = std::string(in.take(output.length));
}

void write(const MetricRecord& metric, bool, std::string& out) {
  const auto& point = metric.point;
  put_text(out, point.name);
  put(out, static_cast<std::uint8_t>(point.kind));
  put_optional(out, point.step);
  put(out, static_cast<std::uint64_t>(to_micros(point.time)));
  put(out, static_cast<std::uint32_t>(point.values.size()));
  for (const auto& value : point.values) {
    put(out, static_cast<std::uint8_t>(value.index()));  // so the order of MetricValue is part of the format: append only
    if (const auto* number = std::get_if<double>(&value)) wire::put_double(out, *number);
    else if (const auto* whole = std::get_if<std::int64_t>(&value)) put(out, static_cast<std::uint64_t>(*whole));
    else put_text(out, std::get<std::string>(value));
  }
  put(out, static_cast<std::uint32_t>(point.columns.size()));
  for (const auto& column : point.columns) put_text(out, column);
}
MetricValue read_value(Reader& in) {
  switch (in.number<std::uint8_t>()) {
    case 0: return in.real();
    case 1: return in.text();
    case 2: return static_cast<std::int64_t>(in.number<std::uint64_t>());
    default: in.fail(); return {};
  }
}
void read(Reader& in, MetricRecord& metric) {
  auto& point = metric.point;
  point.name = in.text();
  point.kind = read_enum(in, MetricKind::kScalar, MetricKind::kImage);
  point.step = read_optional_number(in);
  point.time = from_micros(static_cast<std::int64_t>(in.number<std::uint64_t>()));
  const auto values = in.count(5);
  point.values.reserve(values);
  for (std::uint32_t i = 0; i < values && in.good(); ++i) {
    point.values.push_back(read_value(in));
  }
  const auto columns = in.count(4);
  point.columns.reserve(columns);
  for (std::uint32_t i = 0; i < columns && in.good(); ++i) point.columns.push_back(in.text());
}

void write(const TagRecord& tag, bool, std::string& out) {
  put_text(out, tag.key);
  put_optional(out, tag.value);
  put(out, static_cast<std::uint8_t>(tag.remove ? 1 : 0));
}
void read(Reader& in, TagRecord& tag) {
  tag.key = in.text();
  tag.value = read_optional_text(in);
  tag.remove = read_flag(in);
}

void write(const PropertyRecord& property, bool, std::string& out) {
  put_text(out, property.key);
  put_text(out, property.value);
}
void read(Reader& in, PropertyRecord& property) {
  property.key = in.text();
  property.value = in.text();
}

void write(const FileRecord& file, bool, std::string& out) {
  put_text(out, file.path);
  put(out, file.size);
  put_text(out, file.sha256);
  put_text(out, file.origin);
}
void read(Reader& in, FileRecord& file) {
  file.path = in.text();
  file.size = in.number<std::uint64_t>();
  file.sha256 = in.text();
  file.origin = in.text();
}

void write(const PhaseRecord& phase, bool, std::string& out) {
  put_text(out, phase.name);
  put(out, static_cast<std::uint8_t>(phase.begins ? 1 : 0));
}
void read(Reader& in, PhaseRecord& phase) {
  phase.name = in.text();
  phase.begins = read_flag(in);
}

void write(const StateRecord& state, bool, std::string& out) { put(out, static_cast<std::uint8_t>(state.state)); }
void read(Reader& in, StateRecord& state) { state.state = read_enum(in, RunState::kNotStarted, RunState::kNotResponding); }

void write(const ExitedRecord& exited, bool, std::string& out) {
  put(out, static_cast<std::uint8_t>(exited.end.reason));
  put_optional(out, exited.end.exit_code);
  put_optional(out, exited.end.signal);
  put_text(out, exited.end.message);
  put(out, static_cast<std::uint8_t>(exited.error ? 1 : 0));
  if (!exited.error) return;
  for (const auto* text : {&exited.error->code, &exited.error->message, &exited.error->type, &exited.error->trace, &exited.error->hint})
    put_text(out, *text);
}
void read(Reader& in, ExitedRecord& exited) {
  exited.end.reason = read_enum(in, EndReason::kExited, EndReason::kStartFailed);
  exited.end.exit_code = read_optional_number(in);
  exited.end.signal = read_optional_number(in);
  exited.end.message = in.text();
  if (!read_flag(in)) return;
  auto& error = exited.error.emplace();
  for (auto* text : {&error.code, &error.message, &error.type, &error.trace, &error.hint}) *text = in.text();
}

void write(const FinishedRecord&, bool, std::string&) {}
void read(Reader&, FinishedRecord&) {}

void read_object(Reader& in, json::object& object) {
  auto value = parse_json(in.text());
  if (value && value->is_object()) object = std::move(value->get_object());
  else in.fail();
}

void write(const SampleRecord& sample, bool, std::string& out) { put_text(out, json::serialize(sample.values)); }
void read(Reader& in, SampleRecord& sample) { read_object(in, sample.values); }

void write(const EnvironmentRecord& environment, bool, std::string& out) { put_text(out, json::serialize(environment.content)); }
void read(Reader& in, EnvironmentRecord& environment) { read_object(in, environment.content); }

void write(const DisplayRecord& display, bool, std::string& out) { put_text(out, display.display_name); }
void read(Reader& in, DisplayRecord& display) { display.display_name = in.text(); }

void write(const IntentRecord& intent, bool, std::string& out) {
  put_text(out, intent.outcome);
  put_text(out, intent.message);
}
void read(Reader& in, IntentRecord& intent) {
  intent.outcome = in.text();
  intent.message = in.text();
}

template <std::size_t I = 0>
bool read_payload(std::uint8_t type, Reader& in, Payload& payload) {
  if constexpr (I < std::variant_size_v<Payload>) {
    if (type != I + 1) return read_payload<I + 1>(type, in, payload);
    read(in, payload.emplace<I>());
    return true;
  }
  return false;
}

void patch(std::string& out, std::size_t at, std::uint32_t number) { std::memcpy(out.data() + at, &number, sizeof number); }

Error damaged(std::string why) { return Error(ErrorCode::kSnapshotCorrupt, "a journal record is damaged").because(std::move(why)); }

}  // namespace

void encode(const Record& record, bool with_data, std::string& out) {
  const auto start = out.size();
  put(out, std::uint32_t{0});
  put(out, std::uint32_t{0});
  put(out, record.seq);
  put(out, static_cast<std::uint64_t>(to_micros(record.time)));
  put(out, static_cast<std::uint8_t>(record.payload.index() + 1));
  std::visit([&](const auto& payload) { write(payload, with_data, out); }, record.payload);
  const auto body = std::string_view(out).substr(start + 8);
  patch(out, start, static_cast<std::uint32_t>(body.size()));
  patch(out, start + 4, crc32c(body));
}

Result<std::optional<Decoded>> decode_one(std::string_view bytes) {
  Reader head(bytes);
  const auto length = head.number<std::uint32_t>();
  const auto checksum = head.number<std::uint32_t>();
  if (!head.good()) return std::optional<Decoded>();
  if (length < kRecordHeaderBytes - 8 || length > kMaxRecordBytes) return damaged(fmt::format("its length is {}", length));
  if (head.rest().size() < length) return std::optional<Decoded>();
  const auto body = head.take(length);
  if (crc32c(body) != checksum) return damaged("its checksum is wrong");
  Reader in(body);
  Decoded decoded;
  decoded.used = 8 + std::size_t{length};
  decoded.record.seq = in.number<std::uint64_t>();
  decoded.record.time = from_micros(static_cast<std::int64_t>(in.number<std::uint64_t>()));
  const auto type = in.number<std::uint8_t>();
  if (!read_payload(type, in, decoded.record.payload)) return damaged(fmt::format("its type {} is unknown", type));
  if (!in.good() || !in.at_end()) return damaged(fmt::format("its content does not fit its type {}", type));
  return std::optional<Decoded>(std::move(decoded));
}

Result<std::vector<Record>> decode_all(std::string_view bytes) {
  std::vector<Record> records;
  while (!bytes.empty()) {
    TRY(auto decoded, decode_one(bytes));
    if (!decoded) return Error(ErrorCode::kProtocol, "a batch of journal records ends in the middle of one");
    bytes.remove_prefix(decoded->used);
    records.push_back(std::move(decoded->record));
  }
  return records;
}

}  // namespace stoker::protocol
