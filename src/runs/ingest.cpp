#include "runs/ingest.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "base/log.hpp"
#include "runs/ledger.hpp"
#include "runs/secrets/masked_output.hpp"
#include "runs/secrets/secrets.hpp"

namespace stoker::runs {

using protocol::Record;

/// What is known of one attempt's records. Replaced as a whole by open(), so that what is still on its way settles by itself.
struct Ingest::Attempt {
  RunId run;
  int number = 0;
  std::uint64_t received = 0;   // appended up to here
  std::uint64_t acked = 0;      // durable up to here
  std::vector<Record> pending;  // for the catalog, not stored yet
  Grown grown;                  // since the last sync
  bool is_settling = false;
  bool given_up = false;
  Trails trails;  // threads of the pool, one at a time
};

namespace {

void hide(const Mask& mask, std::string& text) {
  Trail whole;
  mask.apply(text, 0, whole);
}

/// The last lines of the output come with the end, too.
void hide_in_error(const Mask& mask, std::vector<Record>& records) {
  for (auto& record : records) {
    auto* exited = std::get_if<protocol::ExitedRecord>(&record.payload);
    if (exited == nullptr || !exited->error) continue;
    hide(mask, exited->error->message);
    hide(mask, exited->error->trace);
  }
}

std::vector<metrics::NumberedPoint> points_of(std::vector<Record>& records) {
  std::vector<metrics::NumberedPoint> points;
  for (auto& record : records) {
    if (auto* metric = std::get_if<protocol::MetricRecord>(&record.payload)) points.emplace_back(record.seq, std::move(metric->point));
  }
  return points;
}

/// Rows of the samples' store: one column for each value.
std::vector<metrics::NumberedPoint> samples_of(const std::vector<Record>& records) {
  std::vector<metrics::NumberedPoint> points;
  for (const auto& record : records) {
    const auto* sample = std::get_if<protocol::SampleRecord>(&record.payload);
    if (sample == nullptr || sample->values.empty()) continue;
    MetricPoint point{.name = "sample", .kind = MetricKind::kRow, .values = {}, .columns = {}, .step = std::nullopt, .time = record.time};
    for (const auto& [name, value] : sample->values) {
      boost::system::error_code no_number;
      point.columns.emplace_back(name);
      if (value.is_int64()) point.values.emplace_back(value.get_int64());
      else point.values.emplace_back(value.to_number<double>(no_number));
    }
    points.emplace_back(record.seq, std::move(point));
  }
  return points;
}

/// Drops what was received before; kProtocol when a number is missing.
Status keep_new(std::vector<Record>& records, std::uint64_t received) {
  std::erase_if(records, [&](const Record& record) { return record.seq <= received; });
  for (const auto& record : records) {
    if (record.seq != ++received) return Error(ErrorCode::kProtocol, fmt::format("the journal has record {} where {} is due", record.seq, received));
  }
  return ok();
}

/// A store that fails is not asked again at once: the supervisor would come back immediately with the same records.
constexpr std::chrono::milliseconds kPauseAfterFailure{500};

}  // namespace

Ingest::Ingest(io::Loop& loop, io::Pool& pool, Ledger& ledger, Secrets& secrets, Stores stores, RunFeed& feed)
    : pool_(pool), ledger_(ledger), secrets_(secrets), stores_(stores), feed_(feed), tasks_(loop, "runs") {}

Ingest::~Ingest() = default;

io::Task<void> Ingest::stop() { co_await tasks_.join(); }

void Ingest::open(const RunId& run, int attempt, std::uint64_t acked) {
  auto& entry = attempts_[run];
  if (entry) entry->given_up = true;
  entry = std::make_shared<Attempt>();
  entry->run = run;
  entry->number = attempt;
  entry->received = entry->acked = acked;
}

bool Ingest::is_open(const RunId& run, int attempt) const {
  const auto at = attempts_.find(run);
  return at != attempts_.end() && at->second->number == attempt && !at->second->given_up;
}

void Ingest::close(const RunId& run) {
  attempts_.erase(run);
  secrets_.forget(run);
}

Status Ingest::write_log(Attempt& attempt, std::vector<Record>& records, const Mask& mask, bool& grew) {
  std::vector<OutputPiece> pieces;
  for (auto& record : records) {
    auto* output = std::get_if<protocol::OutputRecord>(&record.payload);
    if (output != nullptr) pieces.push_back({static_cast<std::uint8_t>(output->stream), output->offset, record.time, std::move(output->data)});
  }
  grew = !pieces.empty();
  return write_masked(stores_.logs, attempt.run, attempt.number, mask, attempt.trails, pieces);
}

Result<Ingest::Batch> Ingest::append(Attempt& attempt, std::uint64_t received, const std::string& bytes, const Mask& mask) {
  Batch batch;
  TRY(batch.records, protocol::decode_all(bytes));
  CHECK_OK(keep_new(batch.records, received));
  if (!batch.records.empty()) batch.last = batch.records.back().seq;
  CHECK_OK(write_log(attempt, batch.records, mask, batch.grown.log));
  hide_in_error(mask, batch.records);
  const auto points = points_of(batch.records);
  TRY(batch.grown.metrics, stores_.metrics.append(attempt.run, attempt.number, points));
  const auto samples = samples_of(batch.records);
  TRY(batch.grown.samples, stores_.samples.append(attempt.run, attempt.number, samples));
  std::erase_if(batch.records, [](const Record& record) { return !is_for_catalog(record.payload); });
  return batch;
}

io::Task<Status> Ingest::take(RunId run, int number, std::string bytes) {
  const auto at = attempts_.find(run);
  if (at == attempts_.end() || at->second->number != number || at->second->given_up)
    co_return Error(ErrorCode::kProtocol, "records of an attempt that is not expected");
  auto attempt = at->second;
  CO_TRY(const auto mask, co_await secrets_.mask_for(run));
  auto work = [this, attempt, mask, received = attempt->received, bytes = std::move(bytes)] { return append(*attempt, received, bytes, *mask); };
  auto appended = co_await io::blocking(pool_, std::move(work));
  if (!appended) {
    if (appended.error().code() != ErrorCode::kProtocol) co_await io::sleep_for(kPauseAfterFailure);
    give_up(*attempt, appended.error());
    co_return appended.error();
  }
  attempt->grown.add(appended->grown);
  if (appended->grown.log || appended->grown.metrics > metrics::Mark{}) feed_.notify(run);
  if (appended->last == 0 || attempt->given_up) co_return ok();
  attempt->received = appended->last;
  std::ranges::move(appended->records, std::back_inserter(attempt->pending));
  if (!std::exchange(attempt->is_settling, true)) tasks_.spawn("settle records", settle(attempt));
  co_return ok();
}

Status Ingest::sync(const RunId& run, const Grown& grown) {
  const std::array<RunId, 1> runs{run};
  if (grown.log) CHECK_OK(stores_.logs.sync(runs));
  CHECK_OK(stores_.metrics.sync(grown.metrics));
  return stores_.samples.sync(grown.samples);
}

/// Rounds until everything received is settled; what comes during a round belongs to the next one.
io::Task<void> Ingest::settle(std::shared_ptr<Attempt> attempt) {
  while (attempt->received > attempt->acked && !attempt->given_up) {
    const auto settled = co_await settle_round(attempt);
    if (settled) continue;
    co_await io::sleep_for(kPauseAfterFailure);
    give_up(*attempt, settled.error());
  }
  attempt->is_settling = false;
}

io::Task<Status> Ingest::settle_round(std::shared_ptr<Attempt> attempt) {
  const auto upto = attempt->received;
  auto records = std::exchange(attempt->pending, {});
  const auto grown = std::exchange(attempt->grown, {});
  if (grown.any()) {
    auto work = [this, run = attempt->run, grown] { return sync(run, grown); };
    CO_CHECK_OK(co_await io::blocking(pool_, std::move(work)));
  }
  std::optional<Ledger::Change> change;
  const bool in_catalog = !records.empty();
  if (in_catalog) {
    CO_TRY(change, co_await ledger_.store(attempt->run, attempt->number, upto, std::move(records)));
  }
  attempt->acked = upto;
  if (callbacks_.durable) callbacks_.durable(attempt->run, attempt->number, upto);
  if (change) ledger_.announce(*change);
  if (in_catalog) feed_.notify(attempt->run);
  co_return ok();
}

void Ingest::give_up(Attempt& attempt, const Error& error) {
  if (std::exchange(attempt.given_up, true)) return;
  log::warning("runs", "records could not be stored; they will be sent again", {{"run", attempt.run.text()}, {"cause", error.to_line()}});
  if (callbacks_.give_up) callbacks_.give_up(attempt.run, attempt.number, error.message());
}

}  // namespace stoker::runs
