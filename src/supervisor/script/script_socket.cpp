#include "supervisor/script/script_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/digest.hpp"

namespace stoker::supervisor {
namespace {

namespace asio = io::asio;
using unix_socket = asio::local::stream_protocol;
using namespace std::chrono_literals;
constexpr std::size_t kReadBytes = 256U << 10;
constexpr std::size_t kMaxCallsAtOnce = 64;
constexpr std::size_t kMaxUnsentBytes = 64U << 20;
constexpr int kMaxComplaints = 100;
// Processes are gone when the socket is drained, so this is for connections that somebody else holds.
constexpr auto kDrainTime = 10s;

bool is_our_folder(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

bool is_own_user(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 && credentials.uid == ::geteuid();
}

void remove_socket(const std::string& folder) {
  if (!is_our_folder(folder)) return;
  ::unlink((folder + "/s").c_str());
  ::rmdir(folder.c_str());
}

Result<std::string> make_folder(const std::string& wanted) {
  remove_socket(wanted);  // of a supervisor that was killed
  if (::mkdir(wanted.c_str(), 0700) == 0) return wanted;
  // Somebody else has the name (in /tmp anybody can): take one that nobody can guess.
  std::string pattern = "/tmp/stoker-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return errno_error("cannot make a folder for the script's socket in /tmp", errno);
  return pattern;
}

}  // namespace

std::string socket_folder(const std::string& spool_path) {
  const auto name = "stoker-" + sha256(spool_path).hex().substr(0, 16);
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string base = runtime != nullptr && *runtime == '/' && is_our_folder(runtime) ? runtime : "/tmp";
  const auto folder = base + "/" + name;
  return folder.size() + 2 < kMaxSocketPath ? folder : "/tmp/" + name;
}

namespace {

/// One connection. Reading is a coroutine; answers are written one after another as they come.
struct Connection : std::enable_shared_from_this<Connection> {
  explicit Connection(unix_socket::socket socket) : socket(std::move(socket)) {}

  void answer(const json::value& id, const Result<json::object>& outcome) {
    json::object reply;
    reply["id"] = id;
    if (outcome) {
      reply["ok"] = true;
      for (const auto& [name, value] : *outcome) reply[name] = value;
    } else {
      reply["error"] = stoker::to_json(outcome.error()).at("error");
    }
    pending += json::serialize(reply);
    pending += '\n';
    if (pending.size() > kMaxUnsentBytes) close();  // asks and never listens
    else if (writing.empty()) write_next();
  }
  void write_next() {
    writing.swap(pending);
    asio::async_write(socket, asio::buffer(writing), [self = shared_from_this()](boost::system::error_code code, std::size_t) {
      self->writing.clear();
      if (!code && !self->pending.empty()) self->write_next();
    });
  }
  void close() {
    boost::system::error_code ignored;
    is_open = false;
    pending.clear();
    socket.close(ignored);
  }

  unix_socket::socket socket;
  std::string input, pending, writing;
  std::size_t searched = 0;  // of `input`, no line ends before
  std::size_t calls = 0;
  bool is_open = true;
  bool is_skipping = false;  // the rest of a line that was too long
};

}  // namespace

struct ScriptListener::State : std::enable_shared_from_this<ScriptListener::State> {
  State(const AttemptContext& context, ScriptCalls& calls, const Clock& clock)
      : context(context),
        script_calls(calls),
        clock(clock),
        acceptor(context.loop),
        call_ended(context.loop),
        accepting(context.loop, "supervisor"),
        connections(context.loop, "supervisor"),
        calls_running(context.loop, "supervisor") {}

  io::Task<void> accept_all();
  void accept_pending();
  void welcome(unix_socket::socket socket);
  io::Task<void> serve(std::shared_ptr<Connection> connection);
  io::Task<void> take_lines(std::shared_ptr<Connection> connection);
  void take_line(const std::shared_ptr<Connection>& connection, std::string_view text);
  io::Task<void> run_call(std::shared_ptr<Connection> connection, json::value id, Call call);
  void refuse(Connection& connection, const json::value& id, const Error& error);
  void complain(const std::string& text);
  void close_listener();

  AttemptContext context;
  ScriptCalls& script_calls;
  const Clock& clock;
  unix_socket::acceptor acceptor;
  ScriptLineParser parser;
  std::string folder;
  int complaints = 0;
  io::Signal call_ended;
  io::TaskGroup accepting, connections, calls_running;
};

ScriptListener::ScriptListener(const AttemptContext& context, ScriptCalls& calls, const Clock& clock)
    : state_(std::make_shared<State>(context, calls, clock)) {}

ScriptListener::~ScriptListener() {
  state_->close_listener();
  // After a crash nobody opened it here, yet the folder of the former supervisor may be left.
  remove_socket(socket_folder(state_->context.spool.path()));
}

Result<std::string> ScriptListener::open() {
  TRY(state_->folder, make_folder(socket_folder(state_->context.spool.path())));
  const auto path = state_->folder + "/s";
  boost::system::error_code code;
  auto& acceptor = state_->acceptor;
  acceptor.open(unix_socket(), code);
  if (!code) acceptor.bind(unix_socket::endpoint(path), code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (!code) acceptor.non_blocking(true, code);
  if (code) return Error(ErrorCode::kIo, fmt::format("cannot listen on the script's socket {}", path)).because(code.message());
  state_->accepting.spawn("accept scripts", state_->accept_all());
  return path;
}

io::Task<void> ScriptListener::drain() {
  auto state = state_;
  state->accepting.cancel();
  co_await state->accepting.join();
  if (state->acceptor.is_open()) state->accept_pending();
  using namespace asio::experimental::awaitable_operators;
  co_await (state->connections.join() || io::sleep_for(kDrainTime));
  state->connections.cancel();
  co_await state->connections.join();
  co_await state->calls_running.join();
  state->close_listener();
}

io::Task<void> ScriptListener::stop() {
  auto state = state_;
  for (auto* group : {&state->accepting, &state->connections, &state->calls_running}) {
    group->cancel();
    co_await group->join();
  }
  state->close_listener();
}

void ScriptListener::State::close_listener() {
  boost::system::error_code ignored;
  acceptor.close(ignored);
  if (!folder.empty()) remove_socket(folder);
  folder.clear();
}

io::Task<void> ScriptListener::State::accept_all() {
  auto self = shared_from_this();
  while (true) {
    boost::system::error_code code;
    auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, code));
    if (!code) welcome(std::move(socket));
    else co_await io::sleep_for(50ms);  // out of descriptors, mostly
  }
}

void ScriptListener::State::accept_pending() {
  boost::system::error_code code;
  while (!code) {
    unix_socket::socket socket(context.loop);
    acceptor.accept(socket, code);
    if (!code) welcome(std::move(socket));
  }
}

void ScriptListener::State::welcome(unix_socket::socket socket) {
  if (!is_own_user(socket.native_handle())) return complain("a connection of another user was refused");
  auto connection = std::make_shared<Connection>(std::move(socket));
  connections.spawn("script connection", serve(std::move(connection)));
}

io::Task<void> ScriptListener::State::serve(std::shared_ptr<Connection> connection) {
  auto self = shared_from_this();
  while (connection->is_open) {
    boost::system::error_code code;
    auto& input = connection->input;
    const auto have = input.size();
    input.resize(have + kReadBytes);
    const auto count =
        co_await connection->socket.async_read_some(asio::buffer(input.data() + have, kReadBytes), asio::redirect_error(asio::use_awaitable, code));
    input.resize(have + count);
    if (count > 0) co_await take_lines(connection);
    if (code) break;
  }
  // A last line without its newline counts: the process may have been killed between the two.
  if (!connection->input.empty() && !connection->is_skipping) take_line(connection, connection->input);
  connection->is_open = false;
  while (connection->calls > 0) co_await call_ended.wait();
  for (int tries = 0; tries < 50 && !connection->writing.empty(); ++tries) co_await io::sleep_for(100ms);
  connection->close();
}

io::Task<void> ScriptListener::State::take_lines(std::shared_ptr<Connection> connection) {
  auto& input = connection->input;
  std::size_t begin = 0;
  for (auto end = input.find('\n', connection->searched); end != std::string::npos; end = input.find('\n', begin)) {
    while (connection->calls >= kMaxCallsAtOnce) co_await call_ended.wait();
    if (!std::exchange(connection->is_skipping, false)) take_line(connection, std::string_view(input).substr(begin, end - begin));
    begin = end + 1;
  }
  input.erase(0, begin);
  connection->searched = input.size();
  if (input.size() <= kMaxLineBytes) co_return;
  if (!connection->is_skipping)
    refuse(*connection, nullptr,
           Error(ErrorCode::kInputTooLarge, fmt::format("a line is longer than {} bytes", kMaxLineBytes))
               .hint("log it in parts, or upload it as a file"));
  connection->is_skipping = true;
  input.clear();
  input.shrink_to_fit();
  connection->searched = 0;
}

void ScriptListener::State::take_line(const std::shared_ptr<Connection>& connection, std::string_view text) {
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  auto parsed = parser.parse(text, clock.now());
  if (auto* bad = std::get_if<BadLine>(&parsed)) return refuse(*connection, bad->id, bad->error);
  auto& line = std::get<ScriptLine>(parsed);
  bool refused = false;
  for (auto& record : line.records) refused = context.journal.append(std::move(record)) == 0 || refused;
  if (refused) refuse(*connection, line.id, Error(ErrorCode::kInputTooLarge, "what was logged is too large for one record"));
  else if (!line.call && !line.id.is_null()) connection->answer(line.id, json::object());
  if (!line.call) return;
  // Beside the reading: a long upload must not hold up what the script logs meanwhile.
  ++connection->calls;
  calls_running.spawn("call of the script", run_call(connection, std::move(line.id), std::move(*line.call)));
}

io::Task<void> ScriptListener::State::run_call(std::shared_ptr<Connection> connection, json::value id, Call call) {
  auto self = shared_from_this();
  struct Ended {
    State& state;
    Connection& connection;
    ~Ended() {
      --connection.calls;
      state.call_ended.notify();
    }
  } const ended{*this, *connection};
  std::function<bool()> is_wanted = [connection] { return connection->is_open; };
  const auto outcome = co_await script_calls.carry_out(std::move(call), std::move(is_wanted));
  if (connection->socket.is_open()) connection->answer(id, outcome);
}

void ScriptListener::State::refuse(Connection& connection, const json::value& id, const Error& error) {
  // Whoever gave an id reads answers; a script that only logs would never see one, so its log says it.
  if (!id.is_null()) return connection.answer(id, Result<json::object>(error));
  complain("something that the script logged was not understood: " + error.to_line());
}

void ScriptListener::State::complain(const std::string& text) {
  if (++complaints > kMaxComplaints) return;
  const auto more = complaints == kMaxComplaints ? " (further ones are not shown)" : "";
  const auto written = context.journal.append_output(protocol::Stream::kSystem, fmt::format("stoker: {}{}\n", to_valid_utf8(text), more));
  if (!written) log::warning("supervisor", text);
}

}  // namespace stoker::supervisor
