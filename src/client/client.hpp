#pragma once
// The REST API as blocking calls. Records are passed on as the server wrote them (json::object), so that `--json` shows fields which
// this build does not know yet; records.hpp looks into them. Idempotent calls are repeated over a lost connection and, for the user's
// own server, over its restart. One Client belongs to one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "client/connect.hpp"
#include "domain/ids.hpp"
#include "domain/run_spec.hpp"
#include "io/http_client.hpp"

namespace stoker::client {

struct RunFilter {
  std::string workspace_id, experiment, state, parent, prefix;  // empty: any
  std::string view;                                             // active, archived, all; empty: active
  std::string filter;                                           // metrics.acc > 0.9 and params.lr = '0.1'
  std::vector<std::string> order_by;                            // metrics.acc desc
  bool explain = false;                                         // the answer's `plan` tells how the runs were found
  int limit = 50;
  std::string cursor;
};

struct LogPart {
  std::string bytes;
  std::uint64_t size = 0;  // of the whole log now
  bool is_complete = false;
};

using Headers = std::vector<std::pair<std::string, std::string>>;
/// Takes the bytes of a body as they come; an error ends the transfer.
using ByteSink = std::function<Status(std::string_view)>;

class Client {
 public:
  /// `renew` finds the server again after it went away; empty: the endpoint stays.
  explicit Client(Endpoint endpoint, std::function<Result<Endpoint>()> renew = {});

  const Endpoint& endpoint() const { return endpoint_; }
  const std::function<Result<Endpoint>()>& renewal() const { return renew_; }
  /// Asks `renew` where the server is now.
  Status renew();

  Result<json::object> server();
  Result<json::object> check_server();
  Status stop_server();

  Result<json::object> workspaces();
  Result<json::object> find_workspace(const WorkspaceName& name);
  Result<json::object> create_workspace(const WorkspaceName& name, bool exist_ok);
  Result<json::object> experiments(const std::string& workspace_id);
  Result<json::object> experiment(const std::string& workspace_id, const std::string& name);
  Result<json::object> create_experiment(const std::string& workspace_id, const std::string& name);
  /// `changes` as the API takes them.
  Result<json::object> update_workspace(const std::string& workspace_id, json::object changes);
  Status delete_workspace(const std::string& workspace_id, bool force);
  Result<json::object> update_experiment(const std::string& workspace_id, const std::string& name, json::object changes);
  Status delete_experiment(const std::string& workspace_id, const std::string& name);

  Result<json::object> secrets(const std::string& workspace_id);
  Result<json::object> secret(const std::string& workspace_id, const std::string& name);
  Status set_secret(const std::string& workspace_id, const std::string& name, const std::string& value);
  Status delete_secret(const std::string& workspace_id, const std::string& name);

  /// `diff`: uncommitted changes of the source, kept with the run.
  Result<json::object> submit(const RunSpec& spec, const std::optional<std::string>& diff, const std::string& idempotency_key);
  Result<json::object> runs(const RunFilter& filter);
  Result<json::object> run(const RunId& id);
  Result<json::object> cancel(const RunId& id, const std::string& by);
  Result<json::object> set_archived(const RunId& id, bool archived, const std::string& by);
  Status delete_run(const RunId& id, bool children);
  Result<json::object> explain(const RunId& id);
  Result<json::object> events(const RunId& id);
  Result<json::object> metrics(const RunId& id);
  Result<json::object> files(const RunId& id);
  /// nullopt: there were no uncommitted changes.
  Result<std::optional<std::string>> diff(const RunId& id);
  /// nullopt: not known.
  Result<std::optional<json::object>> environment(const RunId& id);
  Result<json::object> samples(const RunId& id);
  Result<LogPart> log(const RunId& id, std::uint64_t offset, std::uint64_t limit, const std::string& stream);
  /// {"spans": […]}: where each piece of the output from `offset` on came from, and when; at most some thousands, empty at the end.
  Result<json::object> log_spans(const RunId& id, std::uint64_t offset);
  Status download(const RunId& id, const std::string& path, const ByteSink& sink);

  Result<json::object> run_datasets(const RunId& id);

  /// Makes `directory`, which is not there, with the snapshot's files.
  Status lay_down_snapshot(const SnapshotId& id, const std::string& directory);
  /// At most `limit` bytes of a file. kUnsupported for a symbolic link, kInputTooLarge for a longer one.
  Result<std::string> snapshot_file(const SnapshotId& id, const std::string& path, std::size_t limit);
  Result<json::object> snapshot_diff(const SnapshotId& a, const SnapshotId& b);

  /// Any call of the API: `target` begins with /api/v1. What is no 2xx becomes the server's error.
  Result<json::object> call(const std::string& method, const std::string& target, const json::value* body = nullptr, const Headers& more = {});
  /// A call whose answer has no body.
  Status command(const std::string& method, const std::string& target, const json::value* body = nullptr);
  /// The bytes at `target`.
  Status fetch(const std::string& target, const ByteSink& sink);
  /// `size` bytes of an open file to `target`.
  Result<json::object> put_file(const std::string& target, int fd, std::uint64_t size);
  /// Opens the event stream and gives each line of it to `line` until the server or `line` (with an error) ends it.
  Status stream_lines(const std::string& target, const Headers& more, const ByteSink& line);

 private:
  Result<io::HttpResponse> send(io::HttpRequest request, bool is_repeatable = true);
  Result<io::HttpResponse> send_once(const io::HttpRequest& request);
  Endpoint endpoint_;
  std::function<Result<Endpoint>()> renew_;
  std::optional<io::HttpClient> http_;  // empty until the first call and after the address changed
};

/// A name for a run as users write it: an id, the beginning of one, or `latest`. kNotFound with what is near, kInvalidInput when
/// several runs begin so (they are listed).
Result<json::object> resolve_run(Client& client, const std::string& name);

}  // namespace stoker::client
