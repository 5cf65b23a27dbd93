#pragma once
// One reader of one run's event stream (handlers/run_follow.hpp): its position, and what it was told last.

#include <memory>
#include <string>
#include <vector>

#include "api/http/http.hpp"
#include "api/http/http_server.hpp"
#include "api/services.hpp"
#include "api/streams/event_stream.hpp"
#include "domain/metric.hpp"
#include "domain/run.hpp"

namespace stoker::api {

class Follower {
 public:
  /// `resumes`: the position comes from an id; else the run is told from its beginning.
  Follower(const Services& services, const HttpLimits& limits, RunId run, int stream, FollowPosition position, bool resumes);
  /// Until `end` was written, the reader is gone, or cancellation.
  io::Task<Status> follow(ReplySink& sink);

 private:
  struct Output;
  struct Look;
  io::Task<Result<bool>> send_output(ReplySink& sink);
  io::Task<Result<bool>> look(ReplySink& sink);
  Result<Output> read_output() const;
  void append_log(std::string& out, std::string_view bytes);
  void append_metrics(std::string& out, const std::vector<MetricPoint>& points);
  void append_states(std::string& out, const Look& look);
  void append_phases(std::string& out, const Run& run);

  const Services& services_;
  const HttpLimits& limits_;
  RunId run_;
  int stream_;
  FollowPosition position_;
  bool is_first_look_ = true;
  bool resumes_;
  bool is_over_ = false;
  bool ended_before_ = false;  // is_over_ was known before the output was read
  std::string end_data_;       // the record of the run that is over
  std::vector<Phase> told_phases_;
};

}  // namespace stoker::api
