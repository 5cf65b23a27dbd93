#pragma once
// The order that a supervisor gets, made from the stored run: the same after any restart of the server.

#include <string>

#include "domain/run.hpp"
#include "protocol/messages.hpp"

namespace stoker::runs {

/// `root`: top of the run's tree. `host_gpus`: GPUs of the whole target. The identity variables are those that Azure ML SDK v1 reads inside a run
/// (spec 16).
protocol::StartMessage start_message(const Run& run, const RunId& root, std::int64_t host_gpus, std::string run_token, std::string server_url);

}  // namespace stoker::runs
