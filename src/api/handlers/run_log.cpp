#include "api/handlers/run_log.hpp"

#include <cmath>

#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

constexpr std::string_view kKinds[] = {"scalar", "list", "row", "table", "image"};

io::Task<Result<Run>> find(const Services& services, RunId id) {
  auto read = [id](db::Connection& connection) { return catalog::find_run(connection, id); };
  co_return co_await services.catalog.read(std::move(read));
}

json::object series_record(const metrics::Series& series) {
  json::array points;
  points.reserve(series.points.size());
  for (const auto& point : series.points) {
    json::array values;
    values.reserve(point.values.size());
    for (const auto& value : point.values) values.push_back(metric_json(value));
    points.push_back({{"step", json_or_null(point.step)}, {"time", format_time(point.time)}, {"values", std::move(values)}});
  }
  json::object record;
  record["name"] = series.name;
  record["kind"] = kKinds[static_cast<std::size_t>(series.kind)];
  record["columns"] = json::value_from(series.columns);
  record["points"] = std::move(points);
  record["count"] = series.count;
  record["truncated"] = series.points.size() < series.count;
  return record;
}

struct LogPart {
  std::uint64_t size = 0;
  std::string bytes;
};

}  // namespace

int stream_number(std::string_view name) { return name == "stdout" ? 1 : name == "stderr" ? 2 : logs::kAllStreams; }

json::value metric_json(const MetricValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(to_valid_utf8(*text));
  const double number = std::get<double>(value);
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

const Spec<GetLog::Input>& GetLog::spec() {
  static const auto spec = Spec<Input>("A piece of the run's output, bytes as they were written.")
                               .path("run", &Input::run, "the run's id")
                               .query("offset", &Input::offset, "where to begin, in bytes of that stream")
                               .query("limit", &Input::limit, "at most so many bytes", {.low = 1, .high = 16 << 20})
                               .query("stream", &Input::stream, "which of its streams", {.choices = {"all", "stdout", "stderr"}})
                               .answers(200, "application/octet-stream", "X-Stoker-Size: bytes there are now; X-Stoker-Complete: no more will come");
  return spec;
}

io::Task<Result<Reply>> GetLog::process(Call& call, Input input) {
  // The state first: a run that is over by then has no byte that is not seen below.
  CO_TRY(const auto run, co_await find(call.services, input.run));
  auto& logs = call.services.logs;
  auto read = [&logs, input]() -> Result<LogPart> {
    LogPart part;
    const int stream = stream_number(input.stream);
    TRY(part.bytes, logs.read(input.run, input.offset, static_cast<std::size_t>(input.limit), stream));
    TRY(part.size, logs.size(input.run, stream));
    return part;
  };
  CO_TRY(auto part, co_await io::blocking(call.services.pool, read));
  Reply reply;
  reply.content_type = "application/octet-stream";
  reply.headers.emplace_back("X-Stoker-Size", std::to_string(part.size));
  reply.headers.emplace_back("X-Stoker-Complete", is_terminal(run.state) ? "true" : "false");
  reply.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  reply.body = std::move(part.bytes);
  co_return reply;
}

const Spec<GetMetrics::Input>& GetMetrics::spec() {
  static const auto spec = Spec<Input>("The run's metrics, in order of their first point.")
                               .path("run", &Input::run, "the run's id")
                               .query("name", &Input::name, "only of this name")
                               .query("max_points", &Input::max_points, "the first so many of each", {.low = 1, .high = 10'000'000})
                               .answers(200, "Metrics");
  return spec;
}

io::Task<Result<Reply>> GetMetrics::process(Call& call, Input input) {
  CO_CHECK_OK(co_await find(call.services, input.run));
  auto& metrics = call.services.metrics;
  auto read = [&metrics, input]() -> Result<std::string> {
    TRY(const auto all, metrics.read(input.run, input.name, static_cast<std::size_t>(input.max_points)));
    json::array list;
    for (const auto& series : all) list.push_back(series_record(series));
    return json::serialize(json::object{{"metrics", std::move(list)}});
  };
  CO_TRY(auto text, co_await io::blocking(call.services.pool, read));
  Reply reply;
  reply.body = std::move(text);
  co_return reply;
}

}  // namespace stoker::api
