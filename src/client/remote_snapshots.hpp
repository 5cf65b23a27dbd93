#pragma once
// The server as a snapshot's upload sees it: snapshots::Remote over HTTP. Calls come from several threads, each borrows a connection.
// A server that restarts meanwhile is found again; every call may be repeated, since content is named by its digest.

#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/connect.hpp"
#include "io/http_client.hpp"
#include "snapshots/source/builder.hpp"

namespace stoker::client {

class RemoteSnapshots final : public snapshots::Remote {
 public:
  RemoteSnapshots(Endpoint endpoint, std::function<Result<Endpoint>()> renew) : endpoint_(std::move(endpoint)), renew_(std::move(renew)) {}

  Result<std::vector<Digest>> missing(std::span<const Digest> digests) override;
  Status send_pack(std::string_view pack) override;
  Result<snapshots::SnapshotInfo> commit(const Digest& root) override;

 private:
  Result<io::HttpResponse> post(const std::string& target, const std::string& type, std::string body);
  Result<io::HttpResponse> post_once(const std::string& target, const std::string& type, const std::string& body, std::string& url);
  Result<io::HttpClient> borrow(std::string& url);
  void give_back(io::HttpClient http, const std::string& url);
  Status renew_from(const std::string& url);

  std::mutex mutex_;  // of what follows
  Endpoint endpoint_;
  std::vector<io::HttpClient> idle_;
  std::function<Result<Endpoint>()> renew_;
};

}  // namespace stoker::client
