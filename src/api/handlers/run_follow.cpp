#include "api/handlers/run_follow.hpp"

#include "api/handlers/run_log.hpp"
#include "api/streams/follower.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {

const Spec<FollowRun::Input>& FollowRun::spec() {
  static const auto spec = Spec<Input>("The run's output, metrics and states as they come, until it has ended.")
                               .path("run", &Input::run, "the run's id")
                               .query("stream", &Input::stream, "which of its streams", {.choices = {"all", "stdout", "stderr"}})
                               .header("Last-Event-ID", &Input::last_event_id, "goes on after this event", {.longest = 100})
                               .answers(200, "text/event-stream", "events log, metric, state, phase, end");
  return spec;
}

io::Task<Result<Reply>> FollowRun::process(Call& call, Input input) {
  auto read = [id = input.run](db::Connection& connection) { return catalog::find_run(connection, id); };
  CO_CHECK_OK(co_await call.services.catalog.read(std::move(read)));
  FollowPosition position;
  const bool resumes = input.last_event_id && !input.last_event_id->empty();
  if (resumes) {
    const auto parsed = parse_position(*input.last_event_id);
    if (!parsed)
      co_return Error(ErrorCode::kInvalidInput, "Last-Event-ID is not the id of an event of this stream")
          .hint("send the last one that came, or none");
    position = *parsed;
  }
  auto follower = std::make_shared<Follower>(call.services, call.limits, input.run, stream_number(input.stream), position, resumes);
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.headers.emplace_back("X-Accel-Buffering", "no");
  reply.is_long = true;
  reply.stream = [follower](ReplySink& sink) { return follower->follow(sink); };
  co_return reply;
}

}  // namespace stoker::api
