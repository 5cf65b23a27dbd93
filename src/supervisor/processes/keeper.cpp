#include "supervisor/processes/keeper.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/log.hpp"
#include "supervisor/processes/keeper_wire.hpp"
#include "supervisor/processes/process_tree.hpp"

namespace stoker::supervisor {

using namespace keeper_wire;

Result<KeeperProcess> start_keeper() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("cannot make the keeper's socket", errno);
  io::Fd ours(ends[0]);
  io::Fd theirs(ends[1]);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error("cannot start the keeper", errno);
  if (pid == 0) {
    ours.reset();
    run_keeper(theirs.release());
  }
  KeeperProcess process;
  process.identity = io::identify(pid).value_or(io::ProcessIdentity{io::boot_id(), pid, 0});
  process.socket = std::move(ours);
  return process;
}

void kill_orphans() { kill_and_reap_all(); }

struct Keeper::State {
  State(io::Loop& loop, KeeperProcess process)
      : identity(process.identity), socket(loop, process.socket.release()), changed(loop), replied(loop), tasks(loop, "supervisor") {}
  bool send(const Request& request, std::span<const int> fds);
  void take(const Reply& reply);

  io::ProcessIdentity identity;
  io::asio::posix::stream_descriptor socket;
  io::Signal changed;
  io::Signal replied;
  std::optional<Reply> reply;  // to the spawn that is under way
  std::optional<int> main_status;
  bool empty = true;
  bool dead = false;
  io::TaskGroup tasks;
};

namespace {

Error spawn_error(const Reply& reply, const SpawnRequest& request) {
  const auto& program = request.arguments.front();
  const std::string why = std::strerror(reply.value);
  if (reply.step == Step::kFolder)
    return Error(ErrorCode::kNotFound, fmt::format("the working folder {} is not there", request.working_directory)).because(why);
  if (reply.step != Step::kExec) return Error(ErrorCode::kIo, "no process could be started").because(why).retryable();
  if (reply.value == ENOENT) {
    return Error(ErrorCode::kNotFound, fmt::format("the program {} cannot be started", program))
        .because("it, or the interpreter named in its first line, is not there");
  }
  if (reply.value == EACCES) {
    return Error(ErrorCode::kIo, fmt::format("the program {} cannot be started", program))
        .because(why)
        .hint(fmt::format("make it executable: chmod +x {}", program));
  }
  if (reply.value == E2BIG) {
    return Error(ErrorCode::kInputTooLarge, fmt::format("the program {} cannot be started", program))
        .because("its arguments and environment variables are longer than this system allows")
        .hint("pass long data in a file");
  }
  return Error(ErrorCode::kIo, fmt::format("the program {} cannot be started", program)).because(why);
}

Result<io::Fd> texts_of(const SpawnRequest& request, Request& header) {
  std::string texts = request.working_directory + '\0';
  for (const auto* list : {&request.arguments, &request.environment, &request.join}) {
    for (const auto& text : *list) texts.append(text.c_str(), std::strlen(text.c_str()) + 1);
  }
  io::Fd memory(::memfd_create("spawn", MFD_CLOEXEC));
  if (!memory.is_open()) return errno_error("no process could be started", errno);
  CHECK_OK(io::write_all(memory.get(), texts));
  header = {Ask::kSpawn,
            0,
            static_cast<std::uint32_t>(request.arguments.size()),
            static_cast<std::uint32_t>(request.environment.size()),
            static_cast<std::uint32_t>(request.join.size()),
            texts.size()};
  return memory;
}

}  // namespace

bool Keeper::State::send(const Request& request, std::span<const int> fds) {
  iovec part{const_cast<Request*>(&request), sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL) == sizeof request;
}

void Keeper::State::take(const Reply& got) {
  switch (got.tell) {
    case Tell::kSpawned:
    case Tell::kFailed:
      reply = got;
      replied.notify();
      break;
    case Tell::kMainEnded: main_status = got.value; break;
    case Tell::kEmpty: empty = true; break;
  }
  changed.notify();
}

Keeper::Keeper(io::Loop& loop, KeeperProcess process) : state_(std::make_shared<State>(loop, std::move(process))) {
  auto listen = [](std::shared_ptr<State> state) -> io::Task<void> {
    while (!state->dead) {
      co_await state->socket.async_wait(io::asio::posix::stream_descriptor::wait_read, io::asio::use_awaitable);
      Reply reply{};
      ssize_t got = 0;
      while ((got = ::recv(state->socket.native_handle(), &reply, sizeof reply, MSG_DONTWAIT)) == sizeof reply) state->take(reply);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) state->dead = true;
    }
    state->replied.notify();
    state->changed.notify();
  };
  state_->tasks.spawn("keeper", listen(state_));
}

Keeper::~Keeper() {
  state_->tasks.cancel();
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

io::Task<Result<pid_t>> Keeper::spawn(SpawnRequest request) {
  auto state = state_;
  Request header{};
  CO_TRY(const auto memory, texts_of(request, header));
  state->reply.reset();
  const int fds[] = {memory.get(), request.standard_output, request.standard_error};
  if (!state->send(header, fds)) co_return Error(ErrorCode::kRunLost, "the keeper of the run's processes is gone");
  state->main_status.reset();
  state->empty = false;
  while (!state->reply && !state->dead) co_await state->replied.wait();
  if (state->dead) co_return Error(ErrorCode::kRunLost, "the keeper of the run's processes is gone");
  if (state->reply->tell == Tell::kSpawned) co_return state->reply->pid;
  state->empty = true;
  co_return spawn_error(*state->reply, request);
}

void Keeper::signal_all(int signal) { state_->send(Request{Ask::kSignalAll, signal, 0, 0, 0, 0}, {}); }
void Keeper::kill_all() { state_->send(Request{Ask::kKillAll, 0, 0, 0, 0, 0}, {}); }
std::optional<int> Keeper::main_status() const { return state_->main_status; }
bool Keeper::is_empty() const { return state_->empty; }
bool Keeper::is_dead() const { return state_->dead; }
const io::ProcessIdentity& Keeper::identity() const { return state_->identity; }
io::Signal& Keeper::changed() { return state_->changed; }

}  // namespace stoker::supervisor
