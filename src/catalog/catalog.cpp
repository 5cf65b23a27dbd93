#include "catalog/catalog.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace stoker::catalog {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;

/// A batch ends after this long even when more is queued, so that the first in it does not wait for the last.
constexpr auto kBatchTime = std::chrono::milliseconds(20);
constexpr std::size_t kIdleReaders = 4;

/// A queued write and whom to tell. `deliver` runs on the loop.
struct Queued {
  std::shared_ptr<Catalog::Write> write;
  std::function<void(Status)> deliver;
};

}  // namespace

/// The one thread that writes. Its queue is the only state that it shares.
class Catalog::Writer {
 public:
  Writer(db::Database& database, std::unique_ptr<db::Connection> connection, io::Loop& loop, Limits limits)
      : database_(database), loop_(loop), limits_(limits), connection_(std::move(connection)), thread_([this] { work(); }) {}
  ~Writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  /// False: the queue is full.
  bool enqueue(Queued queued) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= limits_.queued_writes) return false;
      queue_.push_back(std::move(queued));
    }
    wake_.notify_one();
    return true;
  }

 private:
  void work() {
    while (wait()) {
      std::vector<Queued> batch;
      auto committed = run_batch(batch);
      deliver(std::move(batch), std::move(committed));
    }
  }

  /// False: stopping, and all is done.
  bool wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    return !queue_.empty();
  }

  std::optional<Queued> next(std::size_t taken, Clock::time_point until) {
    if (taken >= limits_.batch || (taken > 0 && Clock::now() >= until)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return std::nullopt;
    auto queued = std::move(queue_.front());
    queue_.pop_front();
    return queued;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }

  /// Takes writes off the queue into `batch` and runs them; the outcome of the one commit.
  Status run_batch(std::vector<Queued>& batch) {
    const bool alone = waiting() == 1;
    auto transaction = begin();
    if (!transaction) {
      while (auto queued = next(0, Clock::time_point::max())) batch.push_back(std::move(*queued));
      return std::move(transaction).error();
    }
    if (alone) return run_alone(batch, *transaction);
    const auto until = Clock::now() + kBatchTime;
    while (auto queued = next(batch.size(), until)) {
      batch.push_back(std::move(*queued));
      CHECK_OK(run_piece(*batch.back().write, *transaction));
    }
    return transaction->commit();
  }

  /// Without a savepoint, which would be two more round trips to PostgreSQL: what fails is rolled back whole.
  Status run_alone(std::vector<Queued>& batch, db::Transaction& transaction) {
    batch.push_back(std::move(*next(0, Clock::time_point::max())));
    if (!batch.back().write->run(transaction)) return stoker::ok();  // the write itself holds its error
    return transaction.commit();
  }

  /// An error only when the transaction cannot go on: a write's own error stays in the write.
  static Status run_piece(Write& write, db::Transaction& transaction) {
    CHECK_OK(transaction.savepoint());
    auto own = write.run(transaction);
    if (own) return transaction.release();
    // A full disk or a lost connection has ended the whole transaction, and with it what the others of the batch did.
    if (!transaction.connection().in_transaction()) return own;
    return transaction.undo();
  }

  /// A connection that broke while nobody used it (PostgreSQL was restarted) is replaced: nothing was done on it yet.
  Result<db::Transaction> begin() {
    if (connection_) {
      auto begun = db::Transaction::begin(*connection_);
      if (begun || !connection_->is_broken()) return begun;
      connection_.reset();
    }
    TRY(connection_, database_.connect(db::Access::kWrite));
    return db::Transaction::begin(*connection_);
  }

  void deliver(std::vector<Queued> batch, Status committed) {
    report(batch.size(), committed);
    asio::post(loop_, [batch = std::move(batch), committed = std::move(committed)]() mutable {
      for (auto& queued : batch) queued.deliver(committed);
    });
  }

  /// Once when it begins to fail and once when it works again: a full disk is not to be filled with lines about it.
  void report(std::size_t writes, const Status& committed) {
    if (committed.has_value() != failing_) return;
    failing_ = !committed;
    if (failing_) log::error("catalog", "changes cannot be stored", {{"writes", writes}, {"cause", committed.error().to_line()}});
    else log::info("catalog", "changes are stored again");
  }

  db::Database& database_;
  io::Loop& loop_;
  const Limits limits_;
  std::unique_ptr<db::Connection> connection_;  // of the thread alone, as is failing_
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Queued> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

class Catalog::Readers {
 public:
  std::unique_ptr<db::Connection> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void put(std::unique_ptr<db::Connection> connection) {
    if (connection->is_broken() || connection->in_transaction()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleReaders) idle_.push_back(std::move(connection));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<db::Connection>> idle_;
};

Catalog::Catalog(std::unique_ptr<db::Database> database, std::unique_ptr<db::Connection> connection, io::Loop& loop, io::Pool& pool, Limits limits)
    : database_(std::move(database)),
      pool_(pool),
      readers_(std::make_unique<Readers>()),
      writer_(std::make_unique<Writer>(*database_, std::move(connection), loop, limits)) {}

Catalog::~Catalog() = default;

Error Catalog::thrown(const std::exception& bug) {
  log::error("catalog", "a write failed by an exception", {{"cause", bug.what()}});
  return Error(ErrorCode::kInternal, "the catalog could not do that").because(std::string(bug.what()));
}

Result<std::unique_ptr<Catalog>> Catalog::open(db::Settings settings, io::Loop& loop, io::Pool& pool, Limits limits) {
  TRY(auto database, db::Database::open(settings, schema()));
  TRY(auto connection, database->connect(db::Access::kWrite));
  return std::unique_ptr<Catalog>(new Catalog(std::move(database), std::move(connection), loop, pool, limits));
}

io::Task<Status> Catalog::run(std::shared_ptr<Write> write) {
  auto start = [this, write = std::move(write)](auto handler) mutable {
    // The caller's coroutine, its executor and the loop's run() are kept alive until the result is there.
    using Handler = decltype(handler);
    const auto executor = asio::get_associated_executor(handler);
    struct Waiting {
      Handler handler;
      asio::executor_work_guard<std::decay_t<decltype(executor)>> work;
    };
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(handler), asio::make_work_guard(executor)});
    auto deliver = [waiting](Status status) {
      auto resume = [waiting, status = std::move(status)]() mutable { std::move(waiting->handler)(std::move(status)); };
      asio::dispatch(waiting->work.get_executor(), std::move(resume));
    };
    if (writer_->enqueue({std::move(write), deliver})) return;
    asio::post(executor, [deliver] {
      deliver(Error(ErrorCode::kOverloaded, "the server has too many changes waiting for the disk").hint("try again in a second").retryable());
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(std::move(start), asio::use_awaitable);
}

Result<Catalog::Reader> Catalog::borrow() {
  while (auto idle = readers_->take()) {
    auto transaction = db::Transaction::begin(*idle, db::Access::kRead);
    if (transaction) return Reader(*this, std::move(idle), std::move(*transaction));
    if (!idle->is_broken()) return std::move(transaction).error();
  }
  TRY(auto fresh, database_->connect(db::Access::kRead));
  TRY(auto transaction, db::Transaction::begin(*fresh, db::Access::kRead));
  return Reader(*this, std::move(fresh), std::move(transaction));
}

void Catalog::give_back(std::unique_ptr<db::Connection> connection) { readers_->put(std::move(connection)); }

io::Task<Status> Catalog::check() {
  auto work = [this]() -> Status {
    TRY(auto reader, borrow());
    return reader.connection->quick_check();
  };
  co_return co_await io::blocking(pool_, std::move(work));
}

}  // namespace stoker::catalog
