#include "supervisor/link/link_services.hpp"

#include "supervisor/script/script_socket.hpp"
#include "supervisor/transfer/snapshot_fetch.hpp"
#include "supervisor/transfer/uploader.hpp"

namespace stoker::supervisor {
namespace {

// Enough for a server that syncs many small uploads to disk together; they mostly wait for it.
constexpr unsigned kUploadThreads = 8;
constexpr unsigned kCallThreads = 2;

io::HttpOptions options_of(const std::string& url, const std::string& token) {
  io::HttpOptions options;
  options.url = url;
  options.token = token;
  return options;
}

/// What the services of one attempt share; the last of them to go takes it along.
struct Shared {
  Shared(const AttemptContext& context, const ServerAccess& access)
      : workers(context.loop, options_of(access.url, access.token), kUploadThreads, context.address),
        call_workers(context.loop, options_of(access.url, context.start.run_token), kCallThreads, context.address),
        uploader(context, workers),
        calls(context, call_workers, uploader) {}
  HttpWorkers workers, call_workers;
  Uploader uploader;
  ScriptCalls calls;
};

class SharedUploads final : public Uploads {
 public:
  explicit SharedUploads(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  void begin() override { shared_->uploader.begin(); }
  io::Task<Status> finish() override { return shared_->uploader.finish(); }
  io::Task<void> stop() override { return shared_->uploader.stop(); }

 private:
  std::shared_ptr<Shared> shared_;
};

class SharedSnapshot final : public SnapshotSource {
 public:
  SharedSnapshot(const AttemptContext& context, std::shared_ptr<Shared> shared) : shared_(std::move(shared)), fetch_(context, shared_->workers) {}
  io::Task<Status> fetch() override { return fetch_.fetch(); }

 private:
  std::shared_ptr<Shared> shared_;
  SnapshotFetch fetch_;
};

class SharedSocket final : public ScriptSocket {
 public:
  SharedSocket(const AttemptContext& context, std::shared_ptr<Shared> shared, const Clock& clock)
      : shared_(std::move(shared)), listener_(context, shared_->calls, clock) {}
  Result<std::string> open() override { return listener_.open(); }
  io::Task<void> drain() override { return listener_.drain(); }
  io::Task<void> stop() override { return listener_.stop(); }

 private:
  std::shared_ptr<Shared> shared_;
  ScriptListener listener_;
};

}  // namespace

ServicesFactory link_services(ServerAccess access, const Clock& clock) {
  return [access = std::move(access), &clock](const AttemptContext& context) {
    auto shared = std::make_shared<Shared>(context, access);
    AttemptServices services;
    services.snapshot = std::make_unique<SharedSnapshot>(context, shared);
    services.uploads = std::make_unique<SharedUploads>(shared);
    services.socket = std::make_unique<SharedSocket>(context, shared, clock);
    return services;
  };
}

}  // namespace stoker::supervisor
