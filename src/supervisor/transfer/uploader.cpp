#include "supervisor/transfer/uploader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "base/json.hpp"
#include "io/url.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::size_t kMaxRemarks = 100;
// A server that answers, but with an error of its own, is asked so often before a file is given up.
constexpr int kMaxRefusals = 8;

bool is_servers_fault(const Error& error) { return error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kIo; }

}  // namespace

Uploader::Uploader(const AttemptContext& context, HttpWorkers& workers, std::chrono::milliseconds interval)
    : context_(context), workers_(workers), interval_(interval), work_(context.spool.work()), tasks_(context.loop, "supervisor") {}

Uploader::~Uploader() = default;

void Uploader::begin() { tasks_.spawn("upload while running", watch()); }

io::Task<void> Uploader::watch() {
  while (true) {
    // A scan of very many files must not eat a core of the script's machine.
    co_await io::sleep_for(std::max<std::chrono::nanoseconds>(interval_, scan_time_ * 20));
    const auto found = co_await scan();
    choose(found, false);
    co_await send_queue();
  }
}

io::Task<Status> Uploader::finish() {
  tasks_.cancel();
  co_await tasks_.join();
  const auto found = co_await scan();
  choose(found, true);
  remark(found);
  co_await send_queue();
  co_return ok();
}

io::Task<void> Uploader::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

io::Task<Scan> Uploader::scan() {
  const auto before = std::chrono::steady_clock::now();
  auto work = [folder = work_] { return scan_special_folders(folder); };
  auto found = co_await io::blocking(scan_pool_, std::move(work));
  scan_time_ = std::chrono::steady_clock::now() - before;
  co_return found;
}

void Uploader::choose(const Scan& scan, bool all) {
  queue_.clear();
  std::map<std::string, FileMark> seen;
  for (const auto& file : scan.files) {
    const auto before = seen_.find(file.local);
    const bool rests = before != seen_.end() && before->second == file.mark;
    const auto sent = sent_.find(file.local);
    const bool is_new = sent == sent_.end() || sent->second.mark != file.mark || (all && sent->second.failed);
    const bool may_grow = file.origin == "logs" && (sent == sent_.end() || std::chrono::steady_clock::now() >= sent->second.next_at);
    if (is_new && (rests || all || may_grow)) queue_.push_back(file);
    seen.emplace(file.local, file.mark);
  }
  seen_ = std::move(seen);
}

void Uploader::remark(const Scan& scan) {
  for (const auto& [path, why] : scan.remarks) {
    if (!remarked_.insert(path).second) continue;
    if (remarked_.size() == kMaxRemarks) warn("there are more files in the special folders that need a remark");
    if (remarked_.size() >= kMaxRemarks) return;
    const bool is_kept = why.find("kept as") != std::string::npos;
    warn(fmt::format("{} {}: {}", to_valid_utf8(path), is_kept ? "was renamed" : "was not uploaded", why));
  }
}

io::Task<void> Uploader::send_queue() {
  const auto most = static_cast<unsigned>(std::min<std::size_t>(workers_.threads(), queue_.size()));
  if (most > 0) co_await send_side_by_side(most);
}

// The operator joins both halves, also when they are cancelled.
io::Task<void> Uploader::send_side_by_side(unsigned count) {
  using namespace io::asio::experimental::awaitable_operators;
  if (count == 1) {
    co_await send_from_queue();
    co_return;
  }
  auto first = send_side_by_side(count / 2), second = send_side_by_side(count - count / 2);
  co_await (std::move(first) && std::move(second));
}

io::Task<void> Uploader::send_from_queue() {
  while (!queue_.empty()) {
    auto file = std::move(queue_.front());
    queue_.pop_front();
    co_await send(std::move(file));
  }
}

io::Task<void> Uploader::send(FoundFile file) {
  std::function<Result<io::Fd>()> open = [work = work_, local = file.local] { return open_found_file(work, local); };
  const auto before = std::chrono::steady_clock::now();
  const auto answer = co_await put(file.name, file.origin, std::move(open));
  const auto now = std::chrono::steady_clock::now();
  auto& sent = sent_[file.local];
  sent = {file.mark, !answer, now + (now - before) * 20};
  if (answer && !answer->kept) record(file.name, *answer, file.origin);
  // Gone since the scan: the script's own doing, and no news.
  if (answer || answer.error().code() == ErrorCode::kNotFound) co_return;
  if (remarked_.insert(file.local).second) warn(fmt::format("{} was not uploaded: {}", file.name, answer.error().to_line()));
}

io::Task<Status> Uploader::upload(std::string name, std::string path) {
  CO_CHECK_OK(io::check_relative_path(name));
  if (!path.starts_with('/')) co_return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" must be an absolute path", to_valid_utf8(path)));
  std::function<Result<io::Fd>()> open = [path]() -> Result<io::Fd> {
    TRY(auto fd, io::open_file(path, O_RDONLY | O_NONBLOCK));
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return errno_error(fmt::format("cannot look at {}", path), errno);
    if (!S_ISREG(info.st_mode)) return Error(ErrorCode::kInvalidInput, fmt::format("{} is no regular file", to_valid_utf8(path)));
    return fd;
  };
  CO_TRY(const auto answer, co_await put(name, "upload", std::move(open)));
  record(std::move(name), answer, "upload");
  co_return ok();
}

io::Task<Result<Uploader::Answer>> Uploader::put(std::string name, std::string origin, std::function<Result<io::Fd>()> open) {
  const auto target = fmt::format("/api/v1/runs/{}/files/{}", io::percent_encode(context_.start.run.text()), io::percent_encode_path(name));
  BackOff back_off;
  for (int refusals = 0;;) {
    std::function<Result<Answer>(io::HttpClient&)> work = [target, origin, open](io::HttpClient& client) {
      return put_once(client, target, origin, open);
    };
    auto answer = co_await workers_.run<Answer>(std::move(work));
    if (answer) co_return answer;
    const bool again = is_server_away(answer.error()) || (is_servers_fault(answer.error()) && ++refusals < kMaxRefusals);
    if (!again) co_return answer;
    log::info("supervisor", "an upload must wait", {{"run", context_.start.run.text()}, {"file", name}, {"cause", answer.error().to_line()}});
    co_await back_off.wait();
  }
}

Result<Uploader::Answer> Uploader::put_once(io::HttpClient& client, const std::string& target, const std::string& origin,
                                            const std::function<Result<io::Fd>()>& open) {
  auto opened = open();
  // A file that cannot be read here will not get better by asking the server again.
  if (!opened) return opened.error().code() == ErrorCode::kIo ? Error(ErrorCode::kInvalidInput, opened.error().to_line()) : std::move(opened).error();
  const auto fd = std::move(*opened);
  Answer answer;
  TRY(answer.size, io::file_size(fd.get()));
  io::HttpRequest request;
  request.method = "PUT";
  request.target = target;
  request.headers = {{"Content-Type", "application/octet-stream"}, {"X-Stoker-Origin", origin}};
  request.body = io::HttpBody::file(fd.get(), 0, answer.size);
  TRY(const auto response, client.expect(std::move(request)));
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return Error(ErrorCode::kProtocol, "the server's answer to an upload is no JSON object");
  const auto* sha256 = body->get_object().if_contains("sha256");
  if (sha256 != nullptr && sha256->is_string()) answer.sha256 = std::string(sha256->get_string());
  const auto* kept = body->get_object().if_contains("kept");
  answer.kept = kept != nullptr && !kept->is_null();
  return answer;
}

void Uploader::record(std::string name, const Answer& answer, std::string origin) {
  if (answer.sha256.empty()) return;
  context_.journal.append(protocol::FileRecord{std::move(name), answer.size, answer.sha256, std::move(origin)});
}

void Uploader::warn(const std::string& line) {
  const auto written = context_.journal.append_output(protocol::Stream::kSystem, "stoker: " + line + "\n");
  if (!written) log::warning("supervisor", line);
}

}  // namespace stoker::supervisor
