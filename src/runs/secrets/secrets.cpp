#include "runs/secrets/secrets.hpp"

#include <cctype>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::runs {
namespace {

constexpr std::size_t kLongestValue = 64U << 10;

/// Azure's rule for names of secrets, and `_` beside it.
Status check_name(const std::string& name) {
  bool good = !name.empty() && name.size() <= 127;
  for (const char c : name) good = good && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_');
  if (good) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a name for a secret", to_valid_utf8(name.substr(0, 200))))
      .hint("1 to 127 letters, digits, '-' or '_'");
}

}  // namespace

void Secrets::changed(const WorkspaceId& workspace) {
  ++changes_;
  masks_.erase(workspace);
}

io::Task<Status> Secrets::put(WorkspaceId workspace, std::string name, std::string value) {
  CO_CHECK_OK(check_name(name));
  if (value.size() > kLongestValue) co_return Error(ErrorCode::kInvalidInput, "the value of a secret has at most 65,536 bytes");
  auto work = [workspace, name, sealed = vault_.seal(value), now = clock_.now()](db::Transaction& transaction) {
    return catalog::put_secret(transaction, workspace, name, sealed, now);
  };
  CO_CHECK_OK(co_await catalog_.write(std::move(work)));
  changed(workspace);
  co_return ok();
}

io::Task<Result<std::string>> Secrets::get(WorkspaceId workspace, std::string name) {
  auto read = [workspace, name](db::Connection& connection) { return catalog::find_secret(connection, workspace, name); };
  CO_TRY(const auto secret, co_await catalog_.read(std::move(read)));
  co_return vault_.open(secret.sealed);
}

io::Task<Status> Secrets::remove(WorkspaceId workspace, std::string name) {
  auto work = [workspace, name](db::Transaction& transaction) { return catalog::remove_secret(transaction, workspace, name); };
  CO_CHECK_OK(co_await catalog_.write(std::move(work)));
  changed(workspace);
  co_return ok();
}

io::Task<Result<std::vector<catalog::Secret>>> Secrets::list(WorkspaceId workspace) {
  auto read = [workspace](db::Connection& connection) -> Result<std::vector<catalog::Secret>> {
    CHECK_OK(catalog::find_workspace(connection, workspace));
    return catalog::list_secrets(connection, workspace);
  };
  co_return co_await catalog_.read(std::move(read));
}

io::Task<Result<std::shared_ptr<const Mask>>> Secrets::mask_for(RunId run) {
  if (const auto known = workspaces_.find(run); known != workspaces_.end()) {
    const auto workspace = known->second;
    co_return co_await mask_of(workspace);
  }
  auto read = [run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
  CO_TRY(const auto mark, co_await catalog_.read(std::move(read)));
  if (!mark) co_return std::make_shared<const Mask>();
  workspaces_[run] = mark->workspace;
  const auto workspace = mark->workspace;
  co_return co_await mask_of(workspace);
}

io::Task<Result<std::shared_ptr<const Mask>>> Secrets::mask_of(WorkspaceId workspace) {
  if (const auto known = masks_.find(workspace); known != masks_.end()) co_return known->second;
  const auto changes_before = changes_;
  auto read = [workspace](db::Connection& connection) { return catalog::list_secrets(connection, workspace); };
  CO_TRY(const auto secrets, co_await catalog_.read(std::move(read)));
  std::vector<std::string> values;
  for (const auto& secret : secrets) {
    // The runs of the workspace must go on, and a value that nobody can open nobody can write.
    auto value = vault_.open(secret.sealed);
    if (value) values.push_back(std::move(*value));
    else log::error("runs", "a secret cannot be opened and is not masked", {{"workspace", workspace.text()}, {"secret", secret.name}});
  }
  auto mask = std::make_shared<const Mask>(std::move(values));
  // What was read while a secret changed serves this once.
  if (changes_ == changes_before) masks_[workspace] = mask;
  co_return mask;
}

}  // namespace stoker::runs
