#pragma once
// Sends the files of ./outputs while the script runs (those that have come to rest), those of ./logs also while they grow, and, after its end, all
// that are left; and files that the script uploads by name. Made by link_services.hpp; attempt.cpp calls begin(), finish(), stop(), the script's
// socket calls upload(). While the server is away everything waits. Each file that has arrived becomes a FileRecord.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "io/task.hpp"
#include "supervisor/link/link_http.hpp"
#include "supervisor/services.hpp"
#include "supervisor/transfer/uploader_scan.hpp"

namespace stoker::supervisor {

class Uploader final : public Uploads {
 public:
  /// `workers` outlives this. `interval`: between two scans while the script runs (longer when scanning itself takes long).
  Uploader(const AttemptContext& context, HttpWorkers& workers, std::chrono::milliseconds interval = std::chrono::seconds(2));
  ~Uploader() override;

  void begin() override;
  io::Task<Status> finish() override;
  io::Task<void> stop() override;

  /// A file that the script names, anywhere on this machine, as `name`. Waits while the server is away; kConflict when the name is
  /// taken by other content, kNotFound, kInvalidInput for what cannot be uploaded.
  io::Task<Status> upload(std::string name, std::string path);

 private:
  struct Sent {
    FileMark mark;
    bool failed = false;  // told already; tried again only when it changes
    /// A file of ./logs that still grows is sent whole again, but sending takes at most a twentieth of the time.
    std::chrono::steady_clock::time_point next_at;
  };
  struct Answer {
    std::uint64_t size = 0;
    std::string sha256;
    bool kept = false;  // the server keeps an explicit upload of this name
  };
  io::Task<void> watch();
  io::Task<Scan> scan();
  void choose(const Scan& scan, bool all);
  void remark(const Scan& scan);
  /// Works on the queue with several requests at once until it is empty.
  io::Task<void> send_queue();
  io::Task<void> send_side_by_side(unsigned count);
  io::Task<void> send_from_queue();
  io::Task<void> send(FoundFile file);
  io::Task<Result<Answer>> put(std::string name, std::string origin, std::function<Result<io::Fd>()> open);
  static Result<Answer> put_once(io::HttpClient& client, const std::string& target, const std::string& origin,
                                 const std::function<Result<io::Fd>()>& open);
  void record(std::string name, const Answer& answer, std::string origin);
  void warn(const std::string& line);

  AttemptContext context_;
  HttpWorkers& workers_;
  std::chrono::milliseconds interval_;
  std::string work_;
  io::Pool scan_pool_{1};
  std::map<std::string, FileMark> seen_;  // by local path, at the last scan
  std::map<std::string, Sent> sent_;
  std::set<std::string> remarked_;
  std::deque<FoundFile> queue_;
  std::chrono::nanoseconds scan_time_{0};
  io::TaskGroup tasks_;
};

}  // namespace stoker::supervisor
