#include "supervisor/script/script_socket_ops.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "domain/names.hpp"

namespace stoker::supervisor {
namespace {

using protocol::Payload;
constexpr std::size_t kMaxName = 1000;

Error wrong(std::string message) { return Error(ErrorCode::kInvalidInput, std::move(message)); }

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

std::optional<std::string_view> text_of(const json::object& line, std::string_view name) {
  const auto* value = line.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return view(value->get_string());
}

Result<std::string> required(const json::object& line, std::string_view name) {
  const auto text = text_of(line, name);
  if (!text) return wrong(fmt::format("\"{}\" must be a string", name));
  return std::string(*text);
}

// {"f":"NaN"}: JSON has no word for these.
Result<MetricValue> special_number(const json::object& object) {
  const auto text = text_of(object, "f");
  if (text == "NaN") return MetricValue(std::numeric_limits<double>::quiet_NaN());
  if (text == "Infinity") return MetricValue(std::numeric_limits<double>::infinity());
  if (text == "-Infinity") return MetricValue(-std::numeric_limits<double>::infinity());
  return wrong("a value must be a number or a string");
}

Result<MetricValue> value_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::double_: return MetricValue(value.get_double());
    case json::kind::int64: return MetricValue(value.get_int64());
    case json::kind::uint64: return MetricValue(static_cast<double>(value.get_uint64()));
    case json::kind::bool_: return MetricValue(std::int64_t{value.get_bool()});
    case json::kind::object: return special_number(value.get_object());
    case json::kind::string:
      if (value.get_string().size() > kMaxValueBytes)
        return wrong(fmt::format("a value is larger than {} bytes", kMaxValueBytes)).hint("upload it as a file");
      return MetricValue(std::string(view(value.get_string())));
    default: return wrong("a value must be a number or a string");
  }
}

std::size_t size_of(const MetricValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return 16 + (text == nullptr ? 0 : text->size());
}

Result<const json::array*> array_of(const json::object& line, std::string_view name) {
  const auto* value = line.if_contains(name);
  if (value == nullptr || !value->is_array()) return wrong(fmt::format("\"{}\" must be a list", name));
  return &value->get_array();
}

Status read_scalar(const json::object& line, MetricPoint point, std::vector<Payload>& records) {
  const auto* value = line.if_contains("value");
  if (value == nullptr) return wrong("\"value\" is missing");
  TRY(auto read, value_of(*value));
  point.values.push_back(std::move(read));
  records.emplace_back(protocol::MetricRecord{std::move(point)});
  return ok();
}

Status read_list(const json::object& line, const MetricPoint& point, std::vector<Payload>& records) {
  TRY(const auto* values, array_of(line, "values"));
  MetricPoint part = point;
  std::size_t bytes = 0;
  for (const auto& value : *values) {
    TRY(auto read, value_of(value));
    bytes += size_of(read);
    if (bytes > kMaxPointBytes && !part.values.empty()) {
      records.emplace_back(protocol::MetricRecord{std::exchange(part, point)});
      bytes = size_of(read);
    }
    part.values.push_back(std::move(read));
  }
  records.emplace_back(protocol::MetricRecord{std::move(part)});
  return ok();
}

Result<MetricPoint> read_columns(const json::object& line, MetricPoint point) {
  TRY(const auto* columns, array_of(line, "columns"));
  std::size_t bytes = 0;
  for (const auto& column : *columns) {
    if (!column.is_string()) return wrong("\"columns\" must be a list of strings");
    point.columns.emplace_back(view(column.get_string()));
    bytes += point.columns.back().size();
  }
  if (bytes > kMaxValueBytes) return wrong("the names of the columns are too large");
  return point;
}

Status read_row(const json::array& values, const MetricPoint& shape, std::vector<Payload>& records) {
  if (values.size() != shape.columns.size()) return wrong(fmt::format("a row has {} values for {} columns", values.size(), shape.columns.size()));
  MetricPoint point = shape;
  std::size_t bytes = 0;
  for (const auto& value : values) {
    TRY(auto read, value_of(value));
    bytes += size_of(read);
    point.values.push_back(std::move(read));
  }
  if (bytes > kMaxValueBytes) return wrong(fmt::format("a row is larger than {} bytes", kMaxValueBytes)).hint("upload it as a file");
  records.emplace_back(protocol::MetricRecord{std::move(point)});
  return ok();
}

Status read_rows(const json::object& line, MetricPoint point, std::vector<Payload>& records) {
  TRY(const auto shape, read_columns(line, std::move(point)));
  if (shape.kind == MetricKind::kRow) {
    TRY(const auto* values, array_of(line, "values"));
    return read_row(*values, shape, records);
  }
  TRY(const auto* rows, array_of(line, "rows"));
  for (const auto& row : *rows) {
    if (!row.is_array()) return wrong("\"rows\" must be a list of lists");
    CHECK_OK(read_row(row.get_array(), shape, records));
  }
  return ok();
}

std::optional<MetricKind> kind_from_text(std::string_view text) {
  if (text == "scalar") return MetricKind::kScalar;
  if (text == "list") return MetricKind::kList;
  if (text == "row") return MetricKind::kRow;
  if (text == "table") return MetricKind::kTable;
  if (text == "image") return MetricKind::kImage;
  return std::nullopt;
}

Status read_when(const json::object& line, Time now, MetricPoint& point) {
  point.time = now;
  if (const auto* step = line.if_contains("step"); step != nullptr && !step->is_null()) {
    boost::system::error_code code;
    point.step = step->to_number<std::int64_t>(code);
    if (code) return wrong("\"step\" must be a whole number");
  }
  if (const auto* time = line.if_contains("time"); time != nullptr && !time->is_null()) {
    boost::system::error_code code;
    const auto seconds = time->to_number<double>(code);
    if (code || !(std::abs(seconds) < 1e11)) return wrong("\"time\" must be seconds since 1970");
    point.time = from_micros(std::llround(seconds * 1e6));
  }
  return ok();
}

Status read_metric(const json::object& line, Time now, std::vector<Payload>& records) {
  MetricPoint point;
  TRY(point.name, required(line, "name"));
  if (point.name.empty() || point.name.size() > kMaxName) return wrong(fmt::format("the name of a metric must have 1 to {} bytes", kMaxName));
  const auto kind = kind_from_text(text_of(line, "kind").value_or("scalar"));
  if (!kind) return wrong("\"kind\" must be scalar, list, row, table or image");
  point.kind = *kind;
  CHECK_OK(read_when(line, now, point));
  if (point.kind == MetricKind::kList) return read_list(line, point, records);
  if (point.kind == MetricKind::kRow || point.kind == MetricKind::kTable) return read_rows(line, std::move(point), records);
  return read_scalar(line, std::move(point), records);
}

Status read_tag(const json::object& line, bool remove, std::vector<Payload>& records) {
  protocol::TagRecord tag;
  TRY(tag.key, required(line, "key"));
  tag.remove = remove;
  const auto* value = line.if_contains("value");
  if (!remove && value != nullptr && !value->is_null()) {
    TRY(tag.value, required(line, "value"));
  }
  CHECK_OK(check_tag(tag.key, tag.value.value_or("")));
  records.emplace_back(std::move(tag));
  return ok();
}

Status read_display(const json::object& line, std::vector<Payload>& records) {
  protocol::DisplayRecord display;
  TRY(display.display_name, required(line, "display_name"));
  if (display.display_name.empty() || display.display_name.size() > 256) return wrong("a display name must have 1 to 256 bytes");
  records.emplace_back(std::move(display));
  return ok();
}

Status read_intent(const json::object& line, std::vector<Payload>& records) {
  protocol::IntentRecord intent;
  TRY(intent.outcome, required(line, "outcome"));
  intent.message = std::string(text_of(line, "message").value_or(""));
  if (intent.outcome != "completed" && intent.outcome != "failed") return wrong("\"outcome\" must be completed or failed");
  if (intent.message.size() > kMaxValueBytes) intent.message.resize(kMaxValueBytes);
  intent.message = to_valid_utf8(intent.message);
  records.emplace_back(std::move(intent));
  return ok();
}

Result<Call> read_properties(const json::object& line) {
  PropertiesCall call;
  const auto* values = line.if_contains("values");
  if (values == nullptr || !values->is_object()) return wrong("\"values\" must be an object");
  for (const auto& [key, value] : values->get_object()) {
    if (!value.is_string()) return wrong(fmt::format("the property \"{}\" must be a string", std::string_view(key)));
    CHECK_OK(check_tag(key, view(value.get_string())));
    call.values.emplace(std::string_view(key), view(value.get_string()));
  }
  return Call(std::move(call));
}

Result<Call> read_api(const json::object& line) {
  ApiCall call;
  TRY(call.method, required(line, "method"));
  TRY(call.path, required(line, "path"));
  if (call.method != "GET" && call.method != "POST" && call.method != "PATCH" && call.method != "PUT" && call.method != "DELETE")
    return wrong("\"method\" is none");
  if (!call.path.starts_with("/api/v1/")) return wrong("\"path\" must begin with /api/v1/");
  // Copied out of the parser's memory, which the next line overwrites.
  if (const auto* body = line.if_contains("body")) call.body = json::value(*body, json::storage_ptr());
  return Call(std::move(call));
}

Result<Call> read_upload(const json::object& line) {
  UploadCall call;
  TRY(call.name, required(line, "name"));
  TRY(call.path, required(line, "path"));
  return Call(std::move(call));
}

Result<Call> read_flush(const json::object& line) {
  FlushCall call;
  boost::system::error_code code;
  const auto* timeout = line.if_contains("timeout");
  if (timeout != nullptr && !timeout->is_null()) call.timeout_seconds = std::clamp(timeout->to_number<double>(code), 0.0, 3600.0);
  if (code) return wrong("\"timeout\" must be seconds");
  return Call(call);
}

Status read_line(const json::object& line, std::string_view op, Time now, ScriptLine& read) {
  if (op == "metric") return read_metric(line, now, read.records);
  if (op == "tag" || op == "untag") return read_tag(line, op == "untag", read.records);
  if (op == "name") return read_display(line, read.records);
  if (op == "intent") return read_intent(line, read.records);
  if (op == "flush") {
    TRY(read.call, read_flush(line));
  } else if (op == "properties") {
    TRY(read.call, read_properties(line));
  } else if (op == "upload") {
    TRY(read.call, read_upload(line));
  } else if (op == "api") {
    TRY(read.call, read_api(line));
  } else {
    return wrong(fmt::format("the operation \"{}\" is unknown", op.substr(0, 100)));
  }
  return ok();
}

}  // namespace

std::variant<ScriptLine, BadLine> ScriptLineParser::parse(std::string_view text, Time now) {
  json::monotonic_resource memory(memory_, sizeof memory_);
  boost::system::error_code code;
  const auto [value, used] = read_json(text, &memory, code);
  if (!code && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) code = json::error::extra_data;
  if (code) return BadLine{nullptr, wrong("the line is not JSON").because(code.message())};
  if (!value.is_object()) return BadLine{nullptr, wrong("the line is not a JSON object")};
  const auto& line = value.get_object();
  ScriptLine read;
  if (const auto* id = line.if_contains("id"); id != nullptr && !id->is_structured()) read.id = json::value(*id, json::storage_ptr());
  const auto op = text_of(line, "op");
  if (!op) return BadLine{read.id, wrong("\"op\" is missing")};
  if (auto good = read_line(line, *op, now, read); !good) return BadLine{read.id, std::move(good).error()};
  return read;
}

}  // namespace stoker::supervisor
