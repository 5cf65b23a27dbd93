#include "api/handlers/run_log.hpp"

#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

io::Task<Result<Run>> find(const Services& services, RunId id) {
  auto read = [id](db::Connection& connection) { return catalog::find_run(connection, id); };
  co_return co_await services.catalog.read(std::move(read));
}

std::string_view stream_name(std::uint8_t stream) { return stream == 1 ? "stdout" : stream == 2 ? "stderr" : "system"; }

struct LogPart {
  std::uint64_t size = 0;
  std::string bytes;
};

}  // namespace

int stream_number(std::string_view name) { return name == "stdout" ? 1 : name == "stderr" ? 2 : logs::kAllStreams; }

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

const Spec<GetLogSpans::Input>& GetLogSpans::spec() {
  static const auto spec = Spec<Input>("Which bytes of the run's output came from which stream, and when, in order.")
                               .path("run", &Input::run, "the run's id")
                               .query("offset", &Input::offset, "those that touch this byte of the whole output and later ones")
                               .query("limit", &Input::limit, "at most so many", {.low = 1, .high = 100'000})
                               .answers(200, "LogSpans");
  return spec;
}

io::Task<Result<json::object>> GetLogSpans::process(Call& call, Input input) {
  CO_CHECK_OK(co_await find(call.services, input.run));
  auto read = [&logs = call.services.logs, input] { return logs.spans(input.run, input.offset, static_cast<std::size_t>(input.limit)); };
  CO_TRY(const auto spans, co_await io::blocking(call.services.pool, read));
  json::array list;
  list.reserve(spans.size());
  for (const auto& span : spans)
    list.push_back({{"offset", span.offset}, {"length", span.length}, {"stream", stream_name(span.stream)}, {"time", format_time(span.time)}});
  co_return json::object{{"spans", std::move(list)}};
}

}  // namespace stoker::api
