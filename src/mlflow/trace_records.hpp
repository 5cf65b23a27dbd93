#pragma once
// Traces as MLflow's clients write and read them: the form of version 3, and of 2 for older clients. Pure.

#include "catalog/registry/logged_models.hpp"
#include "mlflow/fields.hpp"

namespace stoker::mlflow {

/// `{"trace_info": {…}}` of version 3; the artifact's address is added.
Result<catalog::Trace> read_trace(const Fields& info);
json::object trace_record(const catalog::Trace& trace);
/// Version 2: request_id, timestamp_ms, status, lists of {key, value}.
Result<catalog::Trace> read_old_trace(const Fields& fields);
json::object old_trace_record(const catalog::Trace& trace);
/// Of tags or metadata, of version 2.
Result<catalog::Labels> read_trace_labels(const Fields& fields, std::string_view name);

/// `<experiment>/traces/<id>/artifacts`
std::string trace_artifacts(const catalog::Trace& trace);

}  // namespace stoker::mlflow
