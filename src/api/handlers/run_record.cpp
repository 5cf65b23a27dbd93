#include "api/handlers/run_record.hpp"

#include <cmath>

#include <fmt/format.h>

#include "api/handlers/run_metrics.hpp"
#include "api/http/content.hpp"
#include "catalog/provenance.hpp"
#include "catalog/runs.hpp"
#include "environments/environment.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kMostDiff = 4U << 20;
constexpr std::size_t kMostPackages = 20'000;
constexpr std::size_t kEnvironmentBytes = 8U << 20;
constexpr std::size_t kLongestText = 4096;

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

std::string short_text(FieldReader& reader, std::string_view name, std::optional<std::string> fallback = std::nullopt) {
  auto text = reader.text(name, std::move(fallback));
  if (text.size() > kLongestText) reader.mistake(name, fmt::format("must have at most {} bytes", kLongestText));
  return text;
}

json::array read_packages(FieldReader& environment, std::vector<Mistake>& mistakes) {
  json::array packages;
  const auto* list = environment.child("packages");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMostPackages) {
    environment.mistake("packages", fmt::format("must be an array of at most {} packages", kMostPackages));
    return packages;
  }
  for (const auto& item : list->get_array()) {
    FieldReader reader(item, fmt::format("packages[{}]", packages.size()), mistakes);
    auto name = short_text(reader, "name");
    packages.push_back(json::object{{"name", std::move(name)}, {"version", short_text(reader, "version")}});
  }
  return packages;
}

/// In the order in which a supervisor tells them, so that equal environments are one row.
json::object read_environment(const json::value& body, std::vector<Mistake>& mistakes) {
  FieldReader reader(body, "", mistakes);
  json::object environment;
  const auto kind = short_text(reader, "kind");
  if (const auto known = environments::require_environment_kind(kind); !known) reader.mistake("kind", known.error().message());
  environment["kind"] = kind;
  environment["interpreter"] = short_text(reader, "interpreter");
  environment["version"] = short_text(reader, "version");
  environment["packages"] = read_packages(reader, mistakes);
  for (const auto* name : {"host", "user", "platform"}) environment[name] = short_text(reader, name);
  return environment;
}

Result<json::object> keep_environment(db::Transaction& transaction, const PutEnvironment::Input& input) {
  TRY(const auto mark, catalog::look_up_run_mark(transaction, input.run));
  if (!mark) return catalog::find_run(transaction, input.run).error();
  if (mark->kind != RunKind::kInteractive)
    return Error(ErrorCode::kWrongState, fmt::format("run {} is not interactive: its supervisor tells its environment", input.run.text()));
  TRY(const auto known, catalog::look_up_environment(transaction, input.run));
  if (!known) CHECK_OK(catalog::put_environment(transaction, input.run, input.environment));
  if (!known || *known == input.environment) return input.environment;
  return Error(ErrorCode::kConflict, fmt::format("the environment of run {} was told already, and it was another one", input.run.text()))
      .hint("a run's environment is written once, by the process that began it");
}

}  // namespace

std::optional<std::string> take_diff(json::object& specification, const std::string& path, std::vector<Mistake>& mistakes) {
  const auto* field = specification.if_contains("diff");
  if (field == nullptr) return std::nullopt;
  const auto where = path.empty() ? std::string("diff") : path + ".diff";
  std::optional<std::string> diff;
  if (!field->is_string() && !field->is_null()) mistakes.push_back({where, "must be a string or null"});
  if (field->is_string() && !field->get_string().empty()) diff = std::string(field->get_string());
  if (diff && diff->size() > kMostDiff) mistakes.push_back({where, "is larger than 4 MiB"});
  specification.erase("diff");
  return diff;
}

io::Task<Result<std::optional<catalog::RunDiff>>> store_diff(const Services& services, std::optional<std::string> text) {
  if (!text) co_return std::optional<catalog::RunDiff>();
  auto store = [&objects = services.objects, text = std::move(*text)]() -> Result<std::optional<catalog::RunDiff>> {
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

const Spec<PutEnvironment::Input>& PutEnvironment::spec() {
  static const auto spec = Spec<Input>("The client of an interactive run tells the environment that it is; once. The same again changes nothing.")
                               .path("run", &Input::run, "the run's id")
                               .json_body("Environment", &Input::environment, read_environment)
                               .at_most(kEnvironmentBytes)
                               .answers(200, "Environment");
  return spec;
}

io::Task<Result<json::object>> PutEnvironment::process(Call& call, Input input) {
  auto run = input.run;
  auto write = [input = std::move(input)](db::Transaction& transaction) { return keep_environment(transaction, input); };
  CO_TRY(auto kept, co_await call.services.catalog.write(std::move(write)));
  CO_CHECK_OK(co_await call.services.runs.heard(std::move(run)));
  co_return kept;
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
