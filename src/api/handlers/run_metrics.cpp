#include "api/handlers/run_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "api/router.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"scalar", "list", "row", "table", "image"};
constexpr std::size_t kMostPoints = 100'000;
constexpr std::size_t kMostBytes = 64U << 20;
constexpr std::size_t kMostMistakes = 50;
constexpr std::size_t kLongestName = 1000;
constexpr std::size_t kMostDescendants = 10'000;

std::string_view special(double number) { return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"; }

// The text is written without a tree in between: a hundred thousand points are common, and half of the answer's time went into the tree.
void write_value(const MetricValue& value, std::string& out) {
  const auto* number = std::get_if<double>(&value);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else if (number == nullptr) {
    out += json::serialize(json::string(to_valid_utf8(std::get<std::string>(value))));
  } else if (!std::isfinite(*number)) {
    fmt::format_to(std::back_inserter(out), "\"{}\"", special(*number));
  } else {
    const auto start = out.size();
    fmt::format_to(std::back_inserter(out), "{}", *number);
    // Readers tell a double by its point.
    if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
  }
}

/// Times as text; those of one second share all but the last digits.
class TimeText {
 public:
  void write(Time time, std::string& out) {
    const auto micros = to_micros(time);
    const auto second = micros - (micros % kSecond + kSecond) % kSecond;
    if (second_ != second) {
      second_ = second;
      prefix_ = format_time(from_micros(second)).substr(0, 19);
    }
    fmt::format_to(std::back_inserter(out), "\"{}.{:06}Z\"", prefix_, micros - second);
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000;
  std::optional<std::int64_t> second_;
  std::string prefix_;  // 2026-06-30T12:00:00
};

void write_step(const metrics::Point& point, std::string& out) {
  if (point.step) fmt::format_to(std::back_inserter(out), "{}", *point.step);
  else out += "null";
}

void write_values(const metrics::Point& point, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < point.values.size(); ++i) {
    if (i > 0) out += ',';
    write_value(point.values[i], out);
  }
  out += ']';
}

/// `"name":[one,one,…]`
template <class WriteOne>
void write_list(std::string_view name, const std::vector<metrics::Point>& points, std::string& out, WriteOne write_one) {
  fmt::format_to(std::back_inserter(out), "\"{}\":[", name);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0) out += ',';
    write_one(points[i]);
  }
  out += ']';
}

void write_points(const metrics::Series& series, std::string& out) {
  TimeText times;
  write_list("points", series.points, out, [&](const metrics::Point& point) {
    out += "{\"step\":";
    write_step(point, out);
    out += ",\"time\":";
    times.write(point.time, out);
    out += ",\"values\":";
    write_values(point, out);
    out += '}';
  });
}

/// A reader makes a hundred thousand numbers of one list in a tenth of the time that as many records take.
void write_columns(const metrics::Series& series, std::string& out) {
  TimeText times;
  const bool is_flat = series.kind == MetricKind::kScalar || series.kind == MetricKind::kImage;
  write_list("steps", series.points, out, [&](const metrics::Point& point) { write_step(point, out); });
  out += ',';
  write_list("times", series.points, out, [&](const metrics::Point& point) { times.write(point.time, out); });
  out += ',';
  write_list("values", series.points, out, [&](const metrics::Point& point) {
    if (is_flat && point.values.size() == 1) write_value(point.values[0], out);
    else write_values(point, out);
  });
}

void write_series(const metrics::Series& series, bool in_columns, std::string& out) {
  const json::object head{
      {"name", to_valid_utf8(series.name)}, {"kind", kKinds[static_cast<std::size_t>(series.kind)]}, {"columns", json::value_from(series.columns)}};
  out += json::serialize(head);
  out.back() = ',';
  if (in_columns) write_columns(series, out);
  else write_points(series, out);
  fmt::format_to(std::back_inserter(out), ",\"count\":{},\"truncated\":{}}}", series.count, series.points.size() < series.count);
}

/// `"name":{"steps":[…],"times":[…],"values":[…]}` of one point of each bucket.
void write_drawn(std::string_view name, const metrics::Drawing& drawing, metrics::Drawn metrics::Bucket::* part, std::string& out) {
  std::vector<metrics::Point> points;
  points.reserve(drawing.buckets.size());
  for (const auto& bucket : drawing.buckets) {
    const auto& drawn = bucket.*part;
    points.push_back({0, drawn.step, drawn.time, {drawn.value}});
  }
  TimeText times;
  fmt::format_to(std::back_inserter(out), ",\"{}\":{{", name);
  write_list("steps", points, out, [&](const metrics::Point& point) { write_step(point, out); });
  out += ',';
  write_list("times", points, out, [&](const metrics::Point& point) { times.write(point.time, out); });
  out += ',';
  write_list("values", points, out, [&](const metrics::Point& point) { write_value(point.values[0], out); });
  out += '}';
}

Status write_drawing(metrics::MetricStore& store, const RunId& run, const GetMetrics::Input& input, std::string& out) {
  TRY(const auto drawing, store.draw(run, *input.name, input.buckets, {}));
  json::array counts, nan_counts;
  for (const auto& bucket : drawing.buckets) {
    counts.emplace_back(bucket.count);
    nan_counts.emplace_back(bucket.nan_count);
  }
  out += "\"metrics\":[";
  if (drawing.count > 0) {
    out +=
        json::serialize(json::object{{"name", to_valid_utf8(*input.name)}, {"count", drawing.count}, {"counts", counts}, {"nan_counts", nan_counts}});
    out.pop_back();
    write_drawn("first", drawing, &metrics::Bucket::first, out);
    write_drawn("last", drawing, &metrics::Bucket::last, out);
    write_drawn("min", drawing, &metrics::Bucket::min, out);
    write_drawn("max", drawing, &metrics::Bucket::max, out);
    out += '}';
  }
  out += ']';
  return ok();
}

Status write_metrics(metrics::MetricStore& store, const RunId& run, const GetMetrics::Input& input, std::string& out) {
  if (input.layout == "drawing") return write_drawing(store, run, input, out);
  TRY(const auto all, store.read(run, input.name, static_cast<std::size_t>(input.max_points)));
  out += "\"metrics\":[";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out += ',';
    write_series(all[i], input.layout == "columns", out);
  }
  out += ']';
  return ok();
}

/// Breadth first, at most kMostDescendants.
Result<std::vector<RunId>> descendants_of(db::Connection& connection, const RunId& run) {
  std::vector<RunId> found{run};
  for (std::size_t at = 0; at < found.size(); ++at) {
    catalog::RunFilter filter;
    filter.parent = found[at];
    filter.view = catalog::RunView::kAll;
    for (std::optional<std::string> cursor = std::string(); cursor;) {
      TRY(const auto page, catalog::list_runs(connection, filter, 1000, *cursor));
      for (const auto& child : page.runs) found.push_back(child.id);
      cursor = page.next_cursor;
      if (found.size() > kMostDescendants)
        return Error(ErrorCode::kInputTooLarge, fmt::format("there are more than {} runs below {}", kMostDescendants, run.text()));
    }
  }
  found.erase(found.begin());
  return found;
}

std::optional<MetricValue> read_value(const json::value& value) {
  if (value.is_double()) return value.get_double();
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::string(text);
}

void read_values(FieldReader& reader, MetricPoint& point) {
  const auto* values = reader.child("values");
  if (values == nullptr || !values->is_array()) return reader.mistake("values", "must be an array");
  for (const auto& item : values->get_array()) {
    auto value = read_value(item);
    if (!value) return reader.mistake("values", "must be numbers or texts");
    point.values.push_back(std::move(*value));
  }
  const bool by_column = point.kind == MetricKind::kRow || point.kind == MetricKind::kTable;
  if (by_column && point.columns.size() != point.values.size()) reader.mistake("columns", "must be as many as values");
  if (!by_column && !point.columns.empty()) reader.mistake("columns", "belong to a row or a table");
  if ((point.kind == MetricKind::kScalar || point.kind == MetricKind::kImage) && point.values.size() != 1) reader.mistake("values", "must be one");
}

MetricPoint read_point(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes) {
  MetricPoint point;
  FieldReader reader(value, path, mistakes);
  point.name = reader.text("name");
  if (point.name.empty() || point.name.size() > kLongestName) reader.mistake("name", fmt::format("must have 1 to {} characters", kLongestName));
  const auto kind = std::ranges::find(kKinds, reader.text("kind"));
  if (kind == kKinds.end()) reader.mistake("kind", fmt::format("must be one of {}", fmt::join(kKinds, ", ")));
  else point.kind = static_cast<MetricKind>(kind - kKinds.begin());
  point.columns = reader.texts("columns");
  read_values(reader, point);
  const auto* step = reader.child("step");
  if (step != nullptr && step->is_int64()) point.step = step->get_int64();
  else if (step != nullptr && !step->is_null()) reader.mistake("step", "must be a whole number or null");
  const auto time = reader.optional_time("time");
  if (!time) reader.mistake("time", "is missing");
  point.time = time.value_or(Time());
  return point;
}

Result<runs::MetricCall> parse_call(const std::string& text) {
  TRY(const auto body, parse_json(text));
  std::vector<Mistake> mistakes;
  runs::MetricCall call;
  {
    FieldReader reader(body, "", mistakes);
    call.writer = reader.text("writer");
    if (call.writer.empty() || call.writer.size() > 64) reader.mistake("writer", "must have 1 to 64 characters");
    call.sequence = static_cast<std::uint64_t>(reader.integer("sequence", 1, std::numeric_limits<std::int64_t>::max()));
    const auto* points = reader.child("points");
    if (points == nullptr || !points->is_array() || points->get_array().size() > kMostPoints) {
      reader.mistake("points", fmt::format("must be an array of at most {}", kMostPoints));
      points = nullptr;
    }
    for (std::size_t i = 0; points != nullptr && i < points->get_array().size() && mistakes.size() < kMostMistakes; ++i)
      call.points.push_back(read_point(points->get_array()[i], fmt::format("points[{}]", i), mistakes));
  }
  CHECK_OK(mistakes_to_status("the metrics are wrong", std::move(mistakes)));
  return call;
}

}  // namespace

json::value metric_json(const MetricValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(to_valid_utf8(*text));
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  const double number = std::get<double>(value);
  if (!std::isfinite(number)) return json::value(special(number));
  return number;
}

const Spec<GetMetrics::Input>& GetMetrics::spec() {
  static const auto spec =
      Spec<Input>("The run's metrics, in order of their first point.")
          .path("run", &Input::run, "the run's id")
          .query("name", &Input::name, "only of this name")
          .query("max_points", &Input::max_points, "the first so many of each", {.low = 1, .high = 10'000'000})
          .query("recursive", &Input::recursive, "true: beside `metrics`, `runs` has those of each run below, by its id")
          .query("layout", &Input::layout,
                 "columns: each series has steps, times and values as lists instead of points (ColumnSeries); drawing: the scalar `name` in few "
                 "buckets of points that follow each other, with their extrema (DrawingSeries)",
                 {.choices = {"points", "columns", "drawing"}})
          .query("buckets", &Input::buckets, "of a drawing, at most", {.low = 1, .high = 10'000})
          .answers(200, "Metrics");
  return spec;
}

io::Task<Result<Reply>> GetMetrics::process(Call& call, Input input) {
  if (input.layout == "drawing" && !input.name)
    co_return Error(ErrorCode::kInvalidInput, "a drawing is of one metric").hint("give its name: ?layout=drawing&name=loss");
  auto find = [input](db::Connection& connection) -> Result<std::vector<RunId>> {
    TRY(const auto mark, catalog::look_up_run_mark(connection, input.run));
    if (!mark) return catalog::find_run(connection, input.run).error();
    if (!input.recursive) return std::vector<RunId>();
    return descendants_of(connection, input.run);
  };
  CO_TRY(const auto below, co_await call.services.catalog.read(std::move(find)));
  auto& metrics = call.services.metrics;
  auto read = [&metrics, &below, input]() -> Result<std::string> {
    std::string text = "{";
    CHECK_OK(write_metrics(metrics, input.run, input, text));
    if (input.recursive) text += ",\"runs\":{";
    for (std::size_t i = 0; i < below.size(); ++i) {
      text += fmt::format("{}{}:{{", i > 0 ? "," : "", json::serialize(json::string(below[i].text())));
      CHECK_OK(write_metrics(metrics, below[i], input, text));
      text += '}';
    }
    text += input.recursive ? "}}" : "}";
    return text;
  };
  CO_TRY(auto text, co_await io::blocking(call.services.pool, read));
  Reply reply;
  reply.body = std::move(text);
  co_return reply;
}

const Spec<LogMetrics::Input>& LogMetrics::spec() {
  static const auto spec = Spec<Input>("Logs metrics of a live run On disk when this answers; the same call again changes nothing.")
                               .path("run", &Input::run, "the run's id")
                               .stream("application/json", "MetricCall")
                               .answers(200, "MetricsStored");
  return spec;
}

io::Task<Result<json::object>> LogMetrics::process(Call& call, Input input) {
  CO_TRY(const auto text, co_await read_body(call.body, kMostBytes));
  auto parse = [&text] { return parse_call(text); };
  CO_TRY(auto metric_call, co_await io::blocking(call.services.pool, parse));
  const auto sequence = metric_call.sequence;
  CO_CHECK_OK(co_await call.services.runs.log_metrics(std::move(input.run), std::move(metric_call)));
  co_return json::object{{"sequence", sequence}};
}

}  // namespace stoker::api
