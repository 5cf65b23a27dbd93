#include "supervisor/transfer/snapshot_fetch.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "snapshots/laying/received_pack.hpp"

namespace stoker::supervisor {
namespace {

/// Lays the snapshot down in `folder`.
Status fetch_into(io::HttpClient& client, const std::string& target, const Digest& root, const std::string& folder) {
  CHECK_OK(io::remove_tree(folder));
  const auto download = [&](const snapshots::TakeBytes& take) -> Status {
    io::HttpRequest request;
    request.target = target;
    request.sink = take;
    CHECK_OK(client.expect(std::move(request)));
    return ok();
  };
  return snapshots::lay_down(download, root, folder);
}

// The working directory appears whole: the script's special folders are made in it afterwards, unless the snapshot brought them.
Status put_in_place(const std::string& folder, const Spool& spool) {
  CHECK_OK(io::remove_tree(spool.work()));
  if (std::rename(folder.c_str(), spool.work().c_str()) != 0) return errno_error(fmt::format("cannot rename {}", folder), errno);
  for (const auto& special : {spool.outputs(), spool.logs()}) {
    if (auto made = io::make_directories(special, 0755); !made) {
      return Error(ErrorCode::kSourceInvalid, "the source folder has a file where ./outputs and ./logs must be folders")
          .because(std::move(made).error());
    }
  }
  return ok();
}

}  // namespace

io::Task<Status> SnapshotFetch::fetch() {
  const auto id = context_.start.spec.snapshot.value_or(SnapshotId());
  CO_TRY(const auto root, Digest::from_hex(id.text()));
  const auto target = fmt::format("/api/v1/snapshots/{}/pack", id.text());
  const auto folder = context_.spool.path() + "/work.new";
  BackOff back_off;
  while (true) {
    std::function<Status(io::HttpClient&)> work = [target, root, folder](io::HttpClient& client) { return fetch_into(client, target, root, folder); };
    auto fetched = co_await workers_.run<void>(std::move(work));
    if (fetched) break;
    if (!is_server_away(fetched.error()) || fetched.error().code() == ErrorCode::kStorageFull)
      co_return std::move(fetched).error().at("while fetching the snapshot");
    log::info("supervisor", "the snapshot must wait", {{"run", context_.start.run.text()}, {"cause", fetched.error().to_line()}});
    co_await back_off.wait();
  }
  co_return put_in_place(folder, context_.spool);
}

}  // namespace stoker::supervisor
