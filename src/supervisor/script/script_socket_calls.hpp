#pragma once
// Carries out the synchronous calls of the script's socket: they can fail, and the script waits for them.

#include <functional>
#include <string>

#include "io/task.hpp"
#include "supervisor/link/link_http.hpp"
#include "supervisor/script/script_socket_ops.hpp"
#include "supervisor/services.hpp"
#include "supervisor/transfer/uploader.hpp"

namespace stoker::supervisor {

class ScriptCalls {
 public:
  /// `workers` speak with the run's own token. All outlive this.
  ScriptCalls(const AttemptContext& context, HttpWorkers& workers, Uploader& uploader) : context_(context), workers_(workers), uploader_(uploader) {}

  /// The fields of the answer besides "id" and "ok". `is_wanted` turns false when the script has hung up.
  io::Task<Result<json::object>> carry_out(Call call, std::function<bool()> is_wanted);

 private:
  io::Task<Result<json::object>> flush(FlushCall call, std::function<bool()> is_wanted);
  io::Task<Result<json::object>> properties(PropertiesCall call);
  io::Task<Result<json::object>> upload(UploadCall call);
  io::Task<Result<json::object>> api(ApiCall call);
  /// Tries again while the server is away, until the deadline.
  io::Task<Result<io::HttpResponse>> ask(ApiCall call, io::Deadline until);

  AttemptContext context_;
  HttpWorkers& workers_;
  Uploader& uploader_;
};

}  // namespace stoker::supervisor
