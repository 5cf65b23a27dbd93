#include "client/client.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "client/records.hpp"
#include "io/url.hpp"
#include "snapshots/laying/received_pack.hpp"

namespace stoker::client {
namespace {

// The server sends a comment every 15 s, so a stream that is silent for longer has lost its connection.
constexpr std::chrono::seconds kStreamSilence{45};
constexpr int kTries = 3;

std::string run_target(const RunId& id, std::string_view rest = "") { return fmt::format("/api/v1/runs/{}{}", io::percent_encode(id.text()), rest); }

/// `did you mean "s/g/name"?`, or empty: the workspace whose name is nearest, wherever it is.
std::string near_workspace(const std::string& wrong, const json::array& workspaces) {
  std::vector<std::string> names;
  for (const auto& each : workspaces) names.push_back(each.is_object() ? text_of(each.get_object(), "name") : "");
  const auto near = nearest(wrong, names);
  const auto at = std::ranges::find(names, near);
  if (near.empty() || at == names.end()) return "";
  const auto& record = workspaces[static_cast<std::size_t>(at - names.begin())].get_object();
  return fmt::format("did you mean \"{}/{}/{}\"?", text_of(record, "subscription_id"), text_of(record, "resource_group"), near);
}

Result<json::object> record_of(const io::HttpResponse& response) {
  if (response.body.empty()) return json::object{};
  auto value = parse_json(response.body);
  if (!value || !value->is_object()) {
    Error error(ErrorCode::kProtocol, "the server's answer is not a JSON record");
    if (!value) error.because(value.error());
    return error;
  }
  return std::move(value->get_object());
}

std::uint64_t number_header(const io::HttpResponse& response, const std::string& name) {
  std::uint64_t number = 0;
  const auto found = response.headers.find(name);
  if (found != response.headers.end()) std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

/// Cuts a stream of bytes into lines; keeps what has no end yet.
class LineCutter {
 public:
  explicit LineCutter(const ByteSink& line) : line_(line) {}
  Status take(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      rest_.append(bytes.substr(0, end));
      if (end == std::string_view::npos) break;
      if (!rest_.empty() && rest_.back() == '\r') rest_.pop_back();
      CHECK_OK(line_(rest_));
      rest_.clear();
      bytes.remove_prefix(end + 1);
    }
    return ok();
  }

 private:
  const ByteSink& line_;
  std::string rest_;
};

void add_query(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', name, io::percent_encode(value));
}

json::value workspace_body(const WorkspaceName& name) {
  return {{"subscription_id", name.subscription_id}, {"resource_group", name.resource_group}, {"name", name.name}};
}

/// Of a part that a run may lack. The run itself was looked up before.
template <class T>
Result<std::optional<T>> if_found(Result<T> result) {
  if (result) return std::optional<T>(std::move(*result));
  if (result.error().code() == ErrorCode::kNotFound) return std::optional<T>();
  return result.error();
}

}  // namespace

Client::Client(Endpoint endpoint, std::function<Result<Endpoint>()> renew) : endpoint_(std::move(endpoint)), renew_(std::move(renew)) {}

Status Client::renew() {
  if (!renew_) return ok();
  TRY(auto found, renew_());
  endpoint_ = std::move(found);
  http_.reset();
  return ok();
}

Result<io::HttpResponse> Client::send_once(const io::HttpRequest& request) {
  if (!http_) {
    io::HttpOptions options;
    options.url = endpoint_.url;
    options.token = endpoint_.token;
    TRY(auto http, io::HttpClient::create(std::move(options)));
    http_.emplace(std::move(http));
  }
  auto response = http_->expect(request);
  if (!response && response.error().code() == ErrorCode::kUnauthenticated && response.error().hint_text().empty()) {
    return Error(response.error())
        .hint(endpoint_.is_own ? "is STOKER_HOME the one that the server was started with?"
                               : "set STOKER_TOKEN to the token of the server at STOKER_URL");
  }
  return response;
}

Result<io::HttpResponse> Client::send(io::HttpRequest request, bool is_repeatable) {
  for (int attempt = 1;; ++attempt) {
    auto response = send_once(request);
    if (response || response.error().code() != ErrorCode::kServerUnreachable || !is_repeatable || !renew_ || attempt == kTries) return response;
    CHECK_OK(renew());
  }
}

Result<json::object> Client::call(const std::string& method, const std::string& target, const json::value* body, const Headers& more) {
  io::HttpRequest request{.method = method, .target = target, .headers = more};
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::serialize(*body);
  }
  TRY(const auto response, send(std::move(request)));
  return record_of(response);
}

Status Client::command(const std::string& method, const std::string& target, const json::value* body) {
  io::HttpRequest request{.method = method, .target = target};
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::serialize(*body);
  }
  CHECK_OK(send(std::move(request)));
  return ok();
}

Result<json::object> Client::put_file(const std::string& target, int fd, std::uint64_t size) {
  io::HttpRequest request{.method = "PUT", .target = target};
  request.headers.emplace_back("Content-Type", "application/octet-stream");
  request.body = io::HttpBody::file(fd, 0, size);
  TRY(const auto response, send(std::move(request)));
  return record_of(response);
}

Status Client::stream_lines(const std::string& target, const Headers& more, const ByteSink& line) {
  LineCutter cutter(line);
  Status told = ok();
  io::HttpRequest request{.target = target, .headers = more, .read_timeout = kStreamSilence};
  request.headers.emplace_back("Accept", "text/event-stream");
  request.sink = [&](std::string_view bytes) {
    told = cutter.take(bytes);
    return told.has_value();
  };
  const auto response = send_once(request);
  if (!told) return told.error();
  if (!response) return response.error();
  return ok();
}

Result<json::object> Client::server() { return call("GET", "/api/v1/server"); }
Result<json::object> Client::check_server() { return call("GET", "/api/v1/server/check"); }
Status Client::stop_server() {
  CHECK_OK(send({.method = "POST", .target = "/api/v1/server/stop"}, false));
  return ok();
}

Result<json::object> Client::workspaces() { return call("GET", "/api/v1/workspaces"); }

Result<json::object> Client::find_workspace(const WorkspaceName& name) {
  std::string target = "/api/v1/workspaces";
  add_query(target, "subscription_id", name.subscription_id);
  add_query(target, "resource_group", name.resource_group);
  add_query(target, "name", name.name);
  TRY(auto found, call("GET", target));
  if (!found.contains("workspaces")) return found;
  const auto& list = array_of(found, "workspaces");
  if (!list.empty() && list[0].is_object()) return json::object(list[0].get_object());
  TRY(const auto all, workspaces());
  auto hint = near_workspace(name.name, array_of(all, "workspaces"));
  if (hint.empty()) hint = fmt::format("`stoker workspace create {}/{}/{}` makes it", name.subscription_id, name.resource_group, name.name);
  return Error(ErrorCode::kNotFound, fmt::format("there is no workspace {}/{}/{}", name.subscription_id, name.resource_group, name.name))
      .hint(std::move(hint));
}

Result<json::object> Client::create_workspace(const WorkspaceName& name, bool exist_ok) {
  auto body = workspace_body(name);
  body.get_object()["exist_ok"] = exist_ok;
  return call("POST", "/api/v1/workspaces", &body);
}

Result<json::object> Client::experiments(const std::string& workspace_id) {
  return call("GET", fmt::format("/api/v1/workspaces/{}/experiments", io::percent_encode(workspace_id)));
}

Result<json::object> Client::experiment(const std::string& workspace_id, const std::string& name) {
  return call("GET", fmt::format("/api/v1/workspaces/{}/experiments/{}", io::percent_encode(workspace_id), io::percent_encode(name)));
}

Result<json::object> Client::create_experiment(const std::string& workspace_id, const std::string& name) {
  const json::value body{{"name", name}};
  return call("POST", fmt::format("/api/v1/workspaces/{}/experiments", io::percent_encode(workspace_id)), &body);
}

namespace {

std::string workspace_target(const std::string& id, const std::string& rest = "") {
  return fmt::format("/api/v1/workspaces/{}{}", io::percent_encode(id), rest);
}
std::string experiment_target(const std::string& workspace, const std::string& name) {
  return workspace_target(workspace, "/experiments/" + io::percent_encode(name));
}
std::string secret_target(const std::string& workspace, const std::string& name) {
  return workspace_target(workspace, "/secrets/" + io::percent_encode(name));
}

}  // namespace

Result<json::object> Client::update_workspace(const std::string& workspace_id, json::object changes) {
  const json::value body(std::move(changes));
  return call("PATCH", workspace_target(workspace_id), &body);
}
Status Client::delete_workspace(const std::string& workspace_id, bool force) {
  return command("DELETE", workspace_target(workspace_id, force ? "?force=true" : ""));
}
Result<json::object> Client::update_experiment(const std::string& workspace_id, const std::string& name, json::object changes) {
  const json::value body(std::move(changes));
  return call("PATCH", experiment_target(workspace_id, name), &body);
}
Status Client::delete_experiment(const std::string& workspace_id, const std::string& name) {
  return command("DELETE", experiment_target(workspace_id, name));
}

Result<json::object> Client::secrets(const std::string& workspace_id) { return call("GET", workspace_target(workspace_id, "/secrets")); }
Result<json::object> Client::secret(const std::string& workspace_id, const std::string& name) {
  return call("GET", secret_target(workspace_id, name));
}
Status Client::set_secret(const std::string& workspace_id, const std::string& name, const std::string& value) {
  const json::value body{{"value", value}};
  return command("PUT", secret_target(workspace_id, name), &body);
}
Status Client::delete_secret(const std::string& workspace_id, const std::string& name) {
  return command("DELETE", secret_target(workspace_id, name));
}

Result<json::object> Client::submit(const RunSpec& spec, const std::optional<std::string>& diff, const std::string& idempotency_key) {
  json::value body(to_json(spec));
  body.get_object()["diff"] = json_or_null(diff);
  return call("POST", "/api/v1/runs", &body, {{"Idempotency-Key", idempotency_key}});
}

Result<json::object> Client::runs(const RunFilter& filter) {
  std::string target = "/api/v1/runs";
  add_query(target, "workspace_id", filter.workspace_id);
  add_query(target, "experiment", filter.experiment);
  add_query(target, "state", filter.state);
  add_query(target, "view", filter.view);
  add_query(target, "parent", filter.parent);
  add_query(target, "prefix", filter.prefix);
  add_query(target, "limit", std::to_string(filter.limit));
  add_query(target, "cursor", filter.cursor);
  add_query(target, "filter", filter.filter);
  for (const auto& order : filter.order_by) add_query(target, "order_by", order);
  if (filter.explain) add_query(target, "explain", "true");
  return call("GET", target);
}

Result<json::object> Client::run(const RunId& id) { return call("GET", run_target(id)); }

Result<json::object> Client::cancel(const RunId& id, const std::string& by) {
  const json::value body{{"by", by}};
  return call("POST", run_target(id, "/cancel"), &body);
}

Result<json::object> Client::set_archived(const RunId& id, bool archived, const std::string& by) {
  const json::value body{{"by", by}};
  return call("POST", run_target(id, archived ? "/archive" : "/restore"), &body);
}
Status Client::delete_run(const RunId& id, bool children) { return command("DELETE", run_target(id, children ? "?children=true" : "")); }

Result<json::object> Client::explain(const RunId& id) { return call("GET", run_target(id, "/explain")); }
Result<json::object> Client::events(const RunId& id) { return call("GET", run_target(id, "/events?limit=10000")); }
Result<json::object> Client::metrics(const RunId& id) { return call("GET", run_target(id, "/metrics?max_points=1000000")); }
Result<json::object> Client::files(const RunId& id) { return call("GET", run_target(id, "/files")); }

Result<LogPart> Client::log(const RunId& id, std::uint64_t offset, std::uint64_t limit, const std::string& stream) {
  auto target = run_target(id, fmt::format("/log?offset={}&limit={}", offset, limit));
  add_query(target, "stream", stream);
  TRY(auto response, send({.target = target}));
  const auto complete = response.headers.find("x-stoker-complete");
  LogPart part;
  part.size = number_header(response, "x-stoker-size");
  part.is_complete = complete != response.headers.end() && complete->second == "true";
  part.bytes = std::move(response.body);
  return part;
}

Status Client::fetch(const std::string& target, const ByteSink& sink) {
  Status told = ok();
  io::HttpRequest request{.target = target};
  request.sink = [&](std::string_view bytes) {
    told = sink(bytes);
    return told.has_value();
  };
  const auto response = send_once(request);
  if (!told) return told.error();
  if (!response) return response.error();
  return ok();
}

Result<json::object> Client::run_datasets(const RunId& id) { return call("GET", run_target(id, "/datasets")); }

Status Client::download(const RunId& id, const std::string& path, const ByteSink& sink) {
  return fetch(run_target(id, "/files/" + io::percent_encode_path(path)), sink);
}

Result<std::optional<std::string>> Client::diff(const RunId& id) {
  auto response = send({.target = run_target(id, "/diff")});
  if (!response) return if_found<std::string>(response.error());
  return std::optional<std::string>(std::move(response->body));
}

Result<std::optional<json::object>> Client::environment(const RunId& id) { return if_found(call("GET", run_target(id, "/environment"))); }
Result<json::object> Client::log_spans(const RunId& id, std::uint64_t offset) {
  return call("GET", run_target(id, fmt::format("/log/spans?limit=10000&offset={}", offset)));
}
Result<json::object> Client::samples(const RunId& id) { return call("GET", run_target(id, "/samples?limit=1000000")); }

Status Client::lay_down_snapshot(const SnapshotId& id, const std::string& directory) {
  TRY(const auto root, Digest::from_hex(id.text()));
  const auto target = fmt::format("/api/v1/snapshots/{}/pack", id.text());
  const auto download = [&](const snapshots::TakeBytes& take) {
    return fetch(target,
                 [&take](std::string_view bytes) { return take(bytes) ? ok() : Status(Error(ErrorCode::kCanceled, "the pack is not wanted")); });
  };
  return snapshots::lay_down(download, root, directory);
}

Result<std::string> Client::snapshot_file(const SnapshotId& id, const std::string& path, std::size_t limit) {
  std::string content;
  const auto take = [&](std::string_view bytes) -> Status {
    if (content.size() + bytes.size() > limit) return Error(ErrorCode::kInputTooLarge, fmt::format("{} is larger than {} bytes", path, limit));
    content += bytes;
    return ok();
  };
  CHECK_OK(fetch(fmt::format("/api/v1/snapshots/{}/file/{}", id.text(), io::percent_encode_path(path)), take));
  return content;
}

Result<json::object> Client::snapshot_diff(const SnapshotId& a, const SnapshotId& b) {
  return call("GET", fmt::format("/api/v1/snapshots/{}/diff/{}", a.text(), b.text()));
}

}  // namespace stoker::client
