#include "client/remote_snapshots.hpp"

#include <cstring>

#include "base/json.hpp"
#include "client/records.hpp"

namespace stoker::client {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr int kTries = 3;
constexpr std::chrono::seconds kPatience{300};  // a pack on a slow line, or a commit of a million objects

std::string joined(std::span<const Digest> digests) {
  std::string bytes;
  bytes.reserve(digests.size() * kDigestBytes);
  for (const auto& digest : digests) bytes.append(reinterpret_cast<const char*>(digest.bytes.data()), kDigestBytes);
  return bytes;
}

}  // namespace

Result<std::vector<Digest>> RemoteSnapshots::missing(std::span<const Digest> digests) {
  TRY(const auto response, post("/api/v1/snapshots/missing", "application/octet-stream", joined(digests)));
  if (response.body.size() % kDigestBytes != 0) return Error(ErrorCode::kProtocol, "the server's list of missing objects is cut");
  std::vector<Digest> list(response.body.size() / kDigestBytes);
  for (std::size_t i = 0; i < list.size(); ++i) std::memcpy(list[i].bytes.data(), response.body.data() + i * kDigestBytes, kDigestBytes);
  return list;
}

Status RemoteSnapshots::send_pack(std::string_view pack) {
  CHECK_OK(post("/api/v1/snapshots/packs", "application/octet-stream", std::string(pack)));
  return ok();
}

Result<snapshots::SnapshotInfo> RemoteSnapshots::commit(const Digest& root) {
  TRY(const auto response, post("/api/v1/snapshots", "application/json", json::serialize(json::object{{"root", root.hex()}})));
  TRY(const auto body, parse_json(response.body));
  if (!body.is_object()) return Error(ErrorCode::kProtocol, "the server's answer about the snapshot is no record");
  const auto& record = body.get_object();
  TRY(const auto confirmed, Digest::from_hex(text_of(record, "id")));
  return snapshots::SnapshotInfo{confirmed, static_cast<std::uint64_t>(integer_of(record, "files")),
                                 static_cast<std::uint64_t>(integer_of(record, "bytes"))};
}

Result<io::HttpResponse> RemoteSnapshots::post(const std::string& target, const std::string& type, std::string body) {
  for (int attempt = 1;; ++attempt) {
    std::string url;
    auto response = post_once(target, type, body, url);
    if (response || response.error().code() != ErrorCode::kServerUnreachable || !renew_ || attempt == kTries) return response;
    CHECK_OK(renew_from(url));
  }
}

Result<io::HttpResponse> RemoteSnapshots::post_once(const std::string& target, const std::string& type, const std::string& body, std::string& url) {
  TRY(auto http, borrow(url));
  io::HttpRequest request{.method = "POST", .target = target, .headers = {{"Content-Type", type}}, .body = body, .read_timeout = kPatience};
  auto response = http.expect(std::move(request));
  if (response) give_back(std::move(http), url);
  return response;
}

Result<io::HttpClient> RemoteSnapshots::borrow(std::string& url) {
  io::HttpOptions options;
  {
    const std::lock_guard lock(mutex_);
    url = endpoint_.url;
    if (!idle_.empty()) {
      auto http = std::move(idle_.back());
      idle_.pop_back();
      return http;
    }
    options.url = endpoint_.url;
    options.token = endpoint_.token;
  }
  return io::HttpClient::create(std::move(options));
}

void RemoteSnapshots::give_back(io::HttpClient http, const std::string& url) {
  const std::lock_guard lock(mutex_);
  if (url == endpoint_.url) idle_.push_back(std::move(http));
}

Status RemoteSnapshots::renew_from(const std::string& url) {
  const std::lock_guard lock(mutex_);
  idle_.clear();
  if (endpoint_.url != url) return ok();  // another thread found it already
  TRY(auto found, renew_());
  endpoint_ = std::move(found);
  return ok();
}

}  // namespace stoker::client
