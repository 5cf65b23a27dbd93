#include "logs/log_store.hpp"

#include "io/file.hpp"
#include "io/open_files.hpp"
#include "logs/run_log.hpp"

namespace stoker::logs {

class LogStore::Impl {
 public:
  Impl(std::string directory, std::size_t max_open) : directory_(std::move(directory)), logs_(max_open) {}

  Result<std::shared_ptr<RunLog>> log(const RunId& run) {
    TRY(auto stem, io::sharded_stem(directory_, run.text()));
    return logs_.get(run.text(), [&] { return std::make_shared<RunLog>(std::move(stem)); });
  }
  void forget(const RunId& run) { logs_.forget(run.text()); }

 private:
  const std::string directory_;
  io::OpenFiles<RunLog> logs_;
};

namespace {

Status check_stream(int stream) {
  if (stream >= kAllStreams && stream <= kStreamCount) return ok();
  return Error(ErrorCode::kInvalidInput, "there is no such stream").hint("0 all, 1 stdout, 2 stderr, 3 system");
}

}  // namespace

LogStore::LogStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::open(std::string directory, std::size_t max_open) {
  CHECK_OK(io::make_directories(directory));
  return std::unique_ptr<LogStore>(new LogStore(std::make_unique<Impl>(std::move(directory), max_open)));
}

Status LogStore::append(const RunId& run, int attempt, std::span<const Piece> pieces) {
  TRY(const auto log, impl_->log(run));
  return log->append(attempt, pieces);
}

Status LogStore::blot(const RunId& run, int attempt, std::uint64_t offset, std::uint64_t length) {
  TRY(const auto log, impl_->log(run));
  return log->blot(attempt, offset, length);
}

Result<std::vector<LogStore::Tail>> LogStore::tail(const RunId& run, int attempt, int stream, std::uint64_t offset, std::size_t limit) {
  CHECK_OK(check_stream(stream));
  TRY(const auto log, impl_->log(run));
  return log->tail(attempt, stream, offset, limit);
}

Status LogStore::sync(std::span<const RunId> runs) {
  Status outcome = ok();
  for (const auto& run : runs) {
    TRY(const auto log, impl_->log(run));
    // The others are synced all the same: one full disk quota must not hold up every run.
    if (auto done = log->sync(); !done && outcome) outcome = Error(done.error()).at("making the log of " + run.text() + " durable");
  }
  return outcome;
}

Result<std::uint64_t> LogStore::size(const RunId& run, int stream) {
  CHECK_OK(check_stream(stream));
  TRY(const auto log, impl_->log(run));
  return log->size(stream);
}

Result<std::string> LogStore::read(const RunId& run, std::uint64_t offset, std::size_t limit, int stream) {
  CHECK_OK(check_stream(stream));
  TRY(const auto log, impl_->log(run));
  return log->read(offset, limit, stream);
}

Result<std::vector<Span>> LogStore::spans(const RunId& run, std::uint64_t offset, std::size_t limit) {
  TRY(const auto log, impl_->log(run));
  return log->spans(offset, limit);
}

Result<std::uint32_t> LogStore::newest_attempt(const RunId& run) {
  TRY(const auto log, impl_->log(run));
  return log->newest_attempt();
}

Status LogStore::remove(const RunId& run) {
  TRY(const auto log, impl_->log(run));
  CHECK_OK(log->remove());
  impl_->forget(run);
  return ok();
}

}  // namespace stoker::logs
