#include "client/console/session.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "client/console/sender.hpp"
#include "client/records.hpp"
#include "environments/environment.hpp"
#include "environments/surroundings.hpp"
#include "io/process.hpp"

namespace stoker::client {
namespace {

constexpr int kControl = 3, kReply = 4, kFirstPipe = 5;
constexpr std::size_t kMostSession = 1U << 20;

std::string folder_of(const Home& home, const RunId& run) { return home.directory + "/console/" + run.text(); }

json::value to_json(const ConsoleSession& session) {
  return json::object{{"run", session.run.text()}, {"instance", session.instance}, {"owns", session.owns}, {"writer", session.writer}};
}

std::optional<ConsoleSession> read_session(const std::string& folder) {
  const auto text = io::read_file(folder + "/session.json", kMostSession);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  if (!value || !value->is_object()) return std::nullopt;
  const auto& record = value->get_object();
  ConsoleSession session;
  session.run = RunId(text_of(record, "run"));
  session.instance = text_of(record, "instance");
  session.owns = is_set(record, "owns");
  session.writer = static_cast<std::uint32_t>(integer_of(record, "writer"));
  return session;
}

Status write_session(const std::string& folder, const ConsoleSession& session) {
  return io::write_file_atomically(folder + "/session.json", json::serialize(to_json(session)));
}

Result<io::Fd> take_lock(const std::string& folder) {
  TRY(auto lock, io::open_file(folder + "/lock", O_RDWR | O_CREAT));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return Error(ErrorCode::kDataBusy, folder + " is in use");
  return lock;
}

/// Under another name first: who looks for leftovers sees it with its lock taken.
Result<io::Fd> make_folder(const std::string& folder, const ConsoleSession& session) {
  if (io::exists(folder)) return take_lock(folder);
  const auto making = fmt::format("{}/.{}-{}", std::filesystem::path(folder).parent_path().string(), session.run.text(), ::getpid());
  CHECK_OK(io::make_directories(making));
  TRY(auto lock, take_lock(making));
  CHECK_OK(write_session(making, session));
  if (::rename(making.c_str(), folder.c_str()) != 0) return errno_error("cannot make " + folder, errno);
  return lock;
}

json::object describe(const std::string& interpreter, const Variables& variables) {
  EnvironmentSpec spec;
  spec.settings["interpreter"] = interpreter;
  json::object content;
  const auto* kind = environments::find_environment_kind(spec.kind);
  if (const auto lock = kind->resolve(spec, variables)) content = kind->describe(*lock, variables);
  else content = {{"kind", spec.kind}, {"interpreter", nullptr}, {"version", nullptr}, {"packages", json::array()}};
  environments::add_surroundings(content, variable(variables, "USER"));
  return content;
}

json::value vanished() {
  return json::object{{"outcome", "failed"},
                      {"error", json::object{{"code", "UserError"},
                                             {"message", "the process that tracked the program was killed; how the program ended is not known"},
                                             {"type", ""},
                                             {"trace", ""}}}};
}

std::optional<json::value> read_end(const std::string& folder) {
  const auto text = io::read_file(folder + "/end.json", kMostSession);
  if (!text) return std::nullopt;
  const auto value = parse_json(*text);
  return value ? std::optional(*value) : std::nullopt;
}

void close_output() {
  const io::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing.get(), fd);
}

/// One console process: folder, spool, sender and pump.
class Console {
 public:
  explicit Console(ConsoleProcess process) : process_(std::move(process)) {}

  int run() {
    const auto home = locate_home(process_.variables);
    const auto opened = home ? open(*home) : Status(home.error());
    if (!opened) complain("what the program writes is shown and not kept: " + opened.error().message());
    const bool is_left_over = process_.inputs.empty();
    const auto end = is_left_over ? read_end(folder_) : pump();
    if (!sender_) return 1;
    sender_->finish(process_.session.owns && !end ? vanished() : end);
    if (pump_ && pump_->is_open()) pump_->pass_on();
    close_output();
    if (!sender_->join()) return 1;
    sender_.reset();
    return io::remove_tree(folder_) ? 0 : 1;
  }

 private:
  Status open(const Home& home) {
    CHECK_OK(prepare_home(home));
    folder_ = folder_of(home, process_.session.run);
    CHECK_OK(io::make_directories(home.directory + "/console"));
    TRY(lock_, make_folder(folder_, process_.session));
    if (const auto before = read_session(folder_)) process_.session.writer = before->writer;
    TRY(auto spool, ConsoleSpool::open(folder_ + "/output"));
    spool_.emplace(std::move(spool));
    sender_.emplace(*spool_, work());
    return ok();
  }

  ConsoleWork work() {
    auto& session = process_.session;
    ConsoleWork work;
    work.run = session.run;
    work.connect = process_.connect;
    work.writer = session.writer;
    work.keep_writer = [this](std::uint32_t writer) {
      process_.session.writer = writer;
      return write_session(folder_, process_.session);
    };
    if (!session.interpreter.empty())
      work.environment = [interpreter = session.interpreter, variables = process_.variables] { return describe(interpreter, variables); };
    work.beats = session.owns;
    if (session.owner > 0) {
      if (const auto owner = io::identify(session.owner)) work.canceled = [owner] { (void)io::send_signal(*owner, SIGTERM); };
    }
    work.say = complain;
    work.delivered = [fd = process_.reply] {
      if (fd >= 0) (void)io::write_all(fd, "delivered\n");
    };
    return work;
  }

  /// The body of the run's end, when that is ours to say.
  std::optional<json::value> pump() {
    const auto keep = [this](std::uint8_t stream, std::string_view bytes) {
      if (!spool_ || is_full_) return;
      const auto kept = spool_->append(stream, SystemClock().now(), bytes);
      if (kept) return sender_->grew();
      is_full_ = true;
      complain("what the program writes is not kept any more: " + kept.error().message());
    };
    const auto flushed = [this] {
      const auto reply = [fd = process_.reply] { (void)io::write_all(fd, "flushed\n"); };
      if (sender_) sender_->when_delivered(reply);
      else reply();
    };
    pump_.emplace(process_.inputs, process_.control, keep, flushed);
    const auto how = pump_->run();
    if (how == OwnerEnd::kLeft) return std::nullopt;
    const auto end = how == OwnerEnd::kSaid ? *pump_->end() : vanished();
    if (spool_) (void)io::write_file_atomically(folder_ + "/end.json", json::serialize(end));
    return end;
  }

  static void complain(std::string_view line) { (void)io::write_all(STDERR_FILENO, fmt::format("stoker: {}\n", line)); }

  ConsoleProcess process_;
  std::string folder_;
  io::Fd lock_;
  std::optional<ConsoleSpool> spool_;
  std::optional<ConsoleSender> sender_;
  std::optional<ConsolePump> pump_;
  bool is_full_ = false;
};

std::vector<std::string> environment_of(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) list.push_back(fmt::format("{}={}", name, value));
  return list;
}

}  // namespace

Result<pid_t> start_console(const ConsoleStart& start) {
  const auto& session = start.session;
  io::SpawnOptions options;
  options.arguments = {io::own_executable(), "__console", "--run", session.run.text(), "--instance", session.instance};
  if (session.owns) options.arguments.emplace_back("--owns");
  if (!session.interpreter.empty()) options.arguments.insert(options.arguments.end(), {"--interpreter", session.interpreter});
  if (session.owner > 0) options.arguments.insert(options.arguments.end(), {"--owner", std::to_string(session.owner)});
  if (!start.inputs.empty()) {
    options.arguments.insert(options.arguments.end(), {"--control", std::to_string(kControl), "--reply", std::to_string(kReply)});
    options.inherit = {{start.control, kControl}, {start.reply, kReply}};
  }
  int next = kFirstPipe;
  for (const auto& input : start.inputs) {
    options.arguments.insert(options.arguments.end(), {"--input", fmt::format("{}:{}:{}", next, input.stream, input.echo)});
    options.inherit.emplace_back(input.fd, next++);
  }
  options.environment = environment_of(start.variables);
  if (!start.inputs.empty()) {
    options.standard_output = STDOUT_FILENO;
    options.standard_error = STDERR_FILENO;
  }
  return io::spawn(options);
}

void send_leftovers(const Variables& variables) {
  const auto home = locate_home(variables);
  if (!home) return;
  const auto names = io::list_directory(home->directory + "/console");
  if (!names) return;
  for (const auto& name : *names) {
    const auto folder = home->directory + "/console/" + name;
    if (name.starts_with('.') || !take_lock(folder)) continue;
    auto session = read_session(folder);
    if (session) (void)start_console({.session = std::move(*session), .inputs = {}, .control = -1, .variables = variables});
  }
}

int run_console(ConsoleProcess process) {
  ::signal(SIGPIPE, SIG_IGN);
  return Console(std::move(process)).run();
}

}  // namespace stoker::client
