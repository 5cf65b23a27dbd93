#include "api/handlers/run_record.hpp"

#include <cmath>

#include <fmt/format.h>

#include "api/handlers/run_metrics.hpp"
#include "api/http/content.hpp"
#include "catalog/provenance.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

/// Counts are whole numbers, and read as such.
json::value number_json(const MetricValue& value) {
  const auto* number = std::get_if<double>(&value);
  const bool is_whole = number != nullptr && std::trunc(*number) == *number && std::abs(*number) < 9e15;
  return is_whole ? json::value(static_cast<std::int64_t>(*number)) : metric_json(value);
}

json::object sample_record(const MetricPoint& point) {
  json::object values;
  for (std::size_t i = 0; i < point.columns.size() && i < point.values.size(); ++i) values[point.columns[i]] = number_json(point.values[i]);
  return {{"time", format_time(point.time)}, {"values", std::move(values)}};
}

}  // namespace

io::Task<Result<catalog::RunDiff>> store_diff(const Services& services, std::string text) {
  auto store = [&objects = services.objects, text = std::move(text)]() -> Result<catalog::RunDiff> {
    const auto writer = objects.new_file();
    CHECK_OK(writer->write(text));
    TRY(const auto stored, writer->finish());
    return catalog::RunDiff{.size_bytes = static_cast<std::int64_t>(stored.size), .object = stored.object};
  };
  co_return co_await io::blocking(services.pool, std::move(store));
}

const Spec<GetDiff::Input>& GetDiff::spec() {
  static const auto spec = Spec<Input>("The uncommitted changes of the run's source, as git shows them against its commit.")
                               .path("run", &Input::run, "the run's id")
                               .answers(200, "text/x-diff");
  return spec;
}

io::Task<Result<Reply>> GetDiff::process(Call& call, Input input) {
  auto read = [run = input.run](db::Connection& connection) -> Result<catalog::RunDiff> {
    TRY(const auto diff, catalog::look_up_diff(connection, run));
    if (diff) return *diff;
    CHECK_OK(catalog::find_run(connection, run));
    return Error(ErrorCode::kNotFound, fmt::format("run {} has no uncommitted diff", run.text()))
        .hint("its source had no uncommitted changes, or was in no git repository");
  };
  CO_TRY(const auto diff, co_await call.services.catalog.read(std::move(read)));
  Content content{.size = static_cast<std::uint64_t>(diff.size_bytes), .etag = "\"" + diff.object.hex() + "\"", .path = "run.diff"};
  const snapshots::FileRef ref{diff.object, content.size};
  content.read = [&objects = call.services.objects, ref](std::uint64_t offset, std::size_t limit) { return objects.read_file(ref, offset, limit); };
  auto reply = content_reply(call, std::move(content));
  reply.content_type = "text/x-diff; charset=utf-8";
  co_return reply;
}

const Spec<GetEnvironment::Input>& GetEnvironment::spec() {
  static const auto spec =
      Spec<Input>("The environment as it was when the run's program started.").path("run", &Input::run, "the run's id").answers(200, "Environment");
  return spec;
}

io::Task<Result<json::object>> GetEnvironment::process(Call& call, Input input) {
  auto read = [run = input.run](db::Connection& connection) -> Result<json::object> {
    TRY(auto record, catalog::look_up_environment(connection, run));
    if (record) return std::move(*record);
    CHECK_OK(catalog::find_run(connection, run));
    return Error(ErrorCode::kNotFound, fmt::format("the environment of run {} is not known", run.text()))
        .hint("it is told when the program has started; a run that never started has none");
  };
  co_return co_await call.services.catalog.read(std::move(read));
}

const Spec<GetSamples::Input>& GetSamples::spec() {
  static const auto spec = Spec<Input>("What the run's processes used, oldest first: at their start, then every ten seconds.")
                               .path("run", &Input::run, "the run's id")
                               .query("after", &Input::after, "leave out so many", {.low = 0})
                               .query("limit", &Input::limit, "at most so many", {.low = 1, .high = 1'000'000})
                               .answers(200, "Samples");
  return spec;
}

io::Task<Result<Reply>> GetSamples::process(Call& call, Input input) {
  auto find = [run = input.run](db::Connection& connection) { return catalog::find_run(connection, run); };
  CO_CHECK_OK(co_await call.services.catalog.read(std::move(find)));
  auto read = [&samples = call.services.samples, input]() -> Result<std::string> {
    TRY(const auto points, samples.tail(input.run, static_cast<std::uint64_t>(input.after), static_cast<std::size_t>(input.limit)));
    json::array list;
    list.reserve(points.size());
    for (const auto& point : points) list.push_back(sample_record(point));
    return json::serialize(json::object{{"samples", std::move(list)}});
  };
  CO_TRY(auto text, co_await io::blocking(call.services.pool, read));
  Reply reply;
  reply.body = std::move(text);
  co_return reply;
}

}  // namespace stoker::api
