#include "catalog/idempotency.hpp"

#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

constexpr int kForgetAtOnce = 1000;

struct Used {
  std::string request;
  RunId run;
};

}  // namespace

Result<std::optional<RunId>> find_by_idempotency_key(db::Connection& connection, const std::string& key, const Digest& request) {
  TRY(auto used,
      connection.read_one("find_idempotency_key", {key}, [](const db::Row& row) { return Used{row.text("request"), RunId(row.text("run_id"))}; }));
  if (!used) return std::optional<RunId>();
  if (used->request == request.hex()) return std::optional<RunId>(std::move(used->run));
  return Error(ErrorCode::kConflict, "the idempotency key was used for another request")
      .because("it made the run " + used->run.text())
      .hint("send a new key with each new request");
}

Status add_idempotency_key(db::Transaction& transaction, const std::string& key, const Digest& request, const RunId& run, Time now) {
  if (key.empty() || key.size() > 128) return Error(ErrorCode::kInvalidInput, "an idempotency key has 1 to 128 characters");
  TRY(const auto changed, transaction.connection().execute("add_idempotency_key", {key, request.hex(), run, now}));
  if (changed == 1) return ok();
  CHECK_OK(find_run(transaction, run));
  return Error(ErrorCode::kConflict, "the idempotency key is used already");
}

Result<std::int64_t> forget_idempotency_keys(db::Transaction& transaction, Time before) {
  return transaction.connection().execute("forget_idempotency_keys", {before, kForgetAtOnce});
}

}  // namespace stoker::catalog
