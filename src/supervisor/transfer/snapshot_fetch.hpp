#pragma once
// Brings the snapshot of an attempt from the server into its working directory: one streamed pack, verified while it is laid down.
// Made by link_services.hpp for attempt.cpp, which calls fetch().

#include <memory>
#include <string>

#include "supervisor/link/link_http.hpp"
#include "supervisor/services.hpp"

namespace stoker::supervisor {

class SnapshotFetch final : public SnapshotSource {
 public:
  /// `workers` outlives this.
  SnapshotFetch(const AttemptContext& context, HttpWorkers& workers) : context_(context), workers_(workers) {}
  io::Task<Status> fetch() override;

 private:
  AttemptContext context_;
  HttpWorkers& workers_;
};

}  // namespace stoker::supervisor
