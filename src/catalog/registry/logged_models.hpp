#pragma once
// Models as MLflow 3 logs them: of an experiment, mostly of a run, with parameters, tags and metrics of their own. They outlive their run.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "catalog/registry/models.hpp"

namespace stoker::catalog {

struct ModelMetric {
  std::string key;
  double value = 0;
  std::int64_t time = 0;  // milliseconds since 1970
  std::int64_t step = 0;
  RunId run;
  std::string dataset_name, dataset_digest;  // empty: none
};

struct LoggedModel {
  std::int64_t pk = 0;
  std::string id;  // m-<32 hex>
  WorkspaceId workspace;
  std::int64_t experiment = 0;  // number
  std::string name, model_type;
  RunId source_run;         // empty: none
  std::int64_t status = 1;  // 1 pending, 2 ready, 3 its upload failed
  std::string status_message;
  Time created_at, updated_at;
  std::optional<Time> deleted_at;
  Labels params, tags;
  std::vector<ModelMetric> metrics;  // every point; only where they are asked for
};

/// The caller sets experiment, name, model_type, source_run, params and tags. kNotFound: the experiment.
Result<LoggedModel> create_logged_model(db::Transaction& transaction, const WorkspaceId& workspace, LoggedModel model, Time now, Random& random);
/// With its metrics. kNotFound, also where it is deleted unless those are wanted.
Result<LoggedModel> find_logged_model(db::Connection& connection, const WorkspaceId& workspace, const std::string& id, bool with_deleted = false);
/// Of experiments, newest first, with metrics, without deleted ones.
Result<std::vector<LoggedModel>> list_logged_models(db::Connection& connection, const WorkspaceId& workspace,
                                                    const std::vector<std::int64_t>& experiments);
/// Writes status, deleted_at, params and tags.
Status update_logged_model(db::Transaction& transaction, const LoggedModel& model, Time now);
/// Nothing happens where there is no such model. A point that is there stays as it was.
Status put_logged_model_metric(db::Transaction& transaction, const std::string& id, const ModelMetric& metric);

struct Trace {
  std::int64_t pk = 0;
  std::string id;
  std::int64_t experiment = 0;           // number
  std::int64_t time = 0;                 // milliseconds since 1970
  std::optional<std::int64_t> duration;  // milliseconds
  std::string state;                     // OK, ERROR, IN_PROGRESS, STATE_UNSPECIFIED
  std::string client_id;
  std::string request, response;  // previews
  Labels metadata, tags;
};
/// Overwrites one of the same id. kNotFound: the experiment.
Status put_trace(db::Transaction& transaction, const WorkspaceId& workspace, const Trace& trace);
/// kNotFound.
Result<Trace> find_trace(db::Connection& connection, const WorkspaceId& workspace, const std::string& id);
/// Newest first, after what lies behind (`time`, `pk`).
struct TraceBefore {
  std::int64_t time = std::numeric_limits<std::int64_t>::max();
  std::int64_t pk = std::numeric_limits<std::int64_t>::max();
};
Result<std::vector<Trace>> list_traces(db::Connection& connection, const WorkspaceId& workspace, std::int64_t experiment, TraceBefore before,
                                       std::size_t limit);
Status remove_trace(db::Transaction& transaction, const Trace& trace);

}  // namespace stoker::catalog
