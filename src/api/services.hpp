#pragma once
// What the handlers work with, given by the composition root; everything outlives the HttpServer.

#include <functional>
#include <string>
#include <vector>

#include "api/auth.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "io/task.hpp"
#include "logs/log_store.hpp"
#include "metrics/metric_store.hpp"
#include "runs/run_service.hpp"
#include "snapshots/store/object_store.hpp"

namespace stoker::api {

struct ServerInfo {
  std::string version;
  std::string data_dir;
  std::string instance;  // GUID of the data, told by /healthz
  bool personal = false;
  Time started_at;
  std::function<std::string()> url;  // known once the server listens
};

/// One line of `stoker server check`.
struct CheckResult {
  std::string name;
  bool ok = true;
  std::string message;
};

struct Services {
  io::Loop& loop;
  io::Pool& pool;
  const Clock& clock;
  Random& random;
  catalog::Catalog& catalog;
  runs::RunService& runs;
  snapshots::ObjectStore& objects;
  logs::LogStore& logs;
  metrics::MetricStore& metrics;
  metrics::MetricStore& samples;  // what runs used, in the format of metrics
  const Tokens& tokens;
  ServerInfo info;
  /// Where bodies that are too large for memory wait until they are checked; on the disk of the data.
  std::string spool_directory;
  /// POST /server/stop; returns at once.
  std::function<void()> request_stop;
  /// Further lines of GET /server/check, over the catalog, the disk and the supervisors, which are checked here.
  std::function<io::Task<std::vector<CheckResult>>()> more_checks;
};

}  // namespace stoker::api
