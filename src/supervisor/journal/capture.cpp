#include "supervisor/journal/capture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace stoker::supervisor {
namespace {

using Pipe = io::asio::posix::stream_descriptor;

constexpr int kPipeBytes = 1 << 20;
constexpr auto kPace = std::chrono::milliseconds(2);
constexpr auto kRetry = std::chrono::milliseconds(100);
constexpr auto kPatience = std::chrono::seconds(60);
constexpr std::size_t kMuch = 256U << 10;

}  // namespace

struct Capture::State {
  State(io::Loop& loop, Journal& journal) : loop(loop), journal(journal), tasks(loop, "supervisor") {}
  Result<io::Fd> open_pipe(protocol::Stream stream);
  static io::Task<void> follow(std::shared_ptr<State> state, std::size_t at);
  io::Task<bool> empty(std::size_t at, io::Deadline until);

  struct Source {
    protocol::Stream stream;
    Pipe pipe;
    bool ended = false;
    bool complained = false;
  };
  io::Loop& loop;
  Journal& journal;
  std::vector<std::unique_ptr<Source>> sources;
  io::TaskGroup tasks;
};

Capture::Capture(io::Loop& loop, Journal& journal) : state_(std::make_shared<State>(loop, journal)) {}
Capture::~Capture() { state_->tasks.cancel(); }

Result<io::Fd> Capture::State::open_pipe(protocol::Stream stream) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe for the run's output", errno);
  io::Fd write_end(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);       // of our end only: the script's stays as a shell would give it
  ::fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes);  // refused beyond the user's share of pipe memory; a smaller one works too
  sources.push_back(std::make_unique<Source>(Source{stream, Pipe(loop, ends[0])}));
  return write_end;
}

Result<Capture::WriteEnds> Capture::open() {
  WriteEnds ends;
  TRY(ends.standard_output, state_->open_pipe(protocol::Stream::kStdout));
  TRY(ends.standard_error, state_->open_pipe(protocol::Stream::kStderr));
  for (std::size_t at = 0; at < state_->sources.size(); ++at) state_->tasks.spawn("capture", State::follow(state_, at));
  return ends;
}

// A quiet pipe is taken at once; after that it rests for the pace, unless it fills faster than that.
io::Task<void> Capture::State::follow(std::shared_ptr<State> state, std::size_t at) {
  auto& source = *state->sources[at];
  while (!source.ended) {
    co_await source.pipe.async_wait(Pipe::wait_read, io::asio::use_awaitable);
    const auto taken = state->journal.take_output(source.stream, source.pipe.native_handle(), kPipeBytes, source.ended);
    if (source.ended) break;
    if (!taken && !std::exchange(source.complained, true)) {
      log::error("supervisor", "output waits in its pipe", {{"cause", taken.error().to_line()}});
    }
    if (taken && *taken >= kMuch) co_await io::asio::post(state->loop, io::asio::use_awaitable);
    else co_await io::sleep_for(taken ? std::chrono::milliseconds(kPace) : std::chrono::milliseconds(kRetry));
  }
}

io::Task<bool> Capture::State::empty(std::size_t at, io::Deadline until) {
  auto& source = *sources[at];
  while (!source.ended) {
    const auto taken = journal.take_output(source.stream, source.pipe.native_handle(), kPipeBytes, source.ended);
    if (taken && *taken == 0) co_return true;
    if (taken) {
      co_await io::asio::post(loop, io::asio::use_awaitable);
      continue;
    }
    if (std::chrono::steady_clock::now() >= until) co_return false;
    co_await io::sleep_for(kRetry);
  }
  co_return true;
}

io::Task<bool> Capture::finish() {
  auto state = state_;
  state->tasks.cancel();
  co_await state->tasks.join();
  const auto until = io::in(kPatience);
  bool whole = true;
  for (std::size_t at = 0; at < state->sources.size(); ++at) whole = co_await state->empty(at, until) && whole;
  state->sources.clear();
  co_return whole;
}

}  // namespace stoker::supervisor
