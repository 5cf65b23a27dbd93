#pragma once
// Where runs run: the contract of every kind of compute target. A target starts a supervisor on some place, tells whether it
// lives, ends it. Nothing else: logs, metrics, states and exit codes come from the supervisor through protocol/.
// Used by runs/ through this header only; a kind is one sub-folder, listed by CMake (cmake/kinds.cmake), named nowhere else.
// A handle is versioned JSON and is stored before the run is said to have started, so a restarted server finds every run again.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/ids.hpp"
#include "domain/run_spec.hpp"
#include "io/task.hpp"

namespace stoker::targets {

/// What a target has for runs. `gpus` are the machine's indices, in the order in which they are handed out.
struct Capacity {
  int cpus = 1;
  std::vector<int> gpus;
};

/// One attempt and the part of the capacity that it gets. `slot` is the lowest number that no other live attempt has.
struct Plan {
  RunId run;
  int attempt = 0;
  Resources resources;
  std::vector<int> gpu_indices;
  int slot = 0;
  json::object settings;  // of the run for this kind; the mock reads how to play
};

/// The place of an attempt. Equal handles are the same place.
struct Handle {
  json::value value;          // {"version", "kind", "supervisor", "slot", …the kind's own}
  std::string supervisor_id;  // what the supervisor calls itself in hello
  int slot = 0;
};
/// The stored value back to a handle; kDataFormat when it is none of ours or newer.
Result<Handle> parse_handle(const json::value& value);

enum class Observed {
  kAlive,    // the supervisor's process runs
  kGone,     // it died, its place is there: `recover` brings a supervisor back, which reports the leftovers
  kUnknown,  // there is no such place (any more): nobody will ever report
};
struct Observation {
  Handle handle;
  Observed observed = Observed::kUnknown;
  std::string message;  // for people: "process 4711 is gone", "the machine was restarted"
};

/// Powers as data, for admission and for `stoker target show`.
struct Capabilities {
  bool warm = false;            // the supervisor outlives the run and takes the next one
  bool outlives_server = true;  // places stay when the server's process ends
  bool gpus = false;
  int max_nodes = 1;
};

/// Single loop. Every verb may be called twice, and again after any crash of the server. Awaiting verbs never throw but for cancellation.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string_view kind() const = 0;
  /// JSON Schema of the settings with a description each.
  virtual json::object schema() const = 0;
  virtual Capabilities capabilities() const = 0;
  virtual Capacity capacity() const = 0;
  /// Can it start anything? kTargetRejected says why not and what to do.
  virtual io::Task<Status> probe() = 0;
  /// A place with a live supervisor (started when there is none), which will say hello by itself. A retryable error may pass by itself.
  virtual io::Task<Result<Handle>> submit(Plan plan) = 0;
  /// In the order of the handles.
  virtual io::Task<Result<std::vector<Observation>>> observe(std::vector<Handle> handles) = 0;
  /// The last resort, when the supervisor did not end its attempt within `grace`: ends the supervisor itself. Ok when it is gone already.
  virtual io::Task<Status> cancel(Handle handle, std::chrono::seconds grace) = 0;
  /// After kGone: a supervisor for the same place, under the same id. Does nothing while one lives. A retryable error may pass by itself.
  /// kNotFound for an unknown handle, kTargetRejected when it is given up (supervisors die as soon as they are started): nobody will ever report.
  virtual io::Task<Result<Handle>> recover(Handle handle) = 0;
  /// The attempt is over and its end is stored. A warm place stays for the next one. Ok for an unknown handle.
  virtual io::Task<Status> release(Handle handle) = 0;
};

class Wire;

/// What the composition root gives to every kind.
struct Context {
  io::Loop& loop;
  io::Pool& pool;
  std::string name;                         // "local"
  std::string directory;                    // <data>/targets/<name>, the kind's own
  json::object settings;                    // checked by the kind
  std::string supervisor_program;           // absolute path of stoker-supervisor
  std::string python_tree;                  // folder with stoker/ and azureml/; empty: the supervisor finds it
  std::function<std::string()> server_url;  // known once the server listens
  std::function<std::string(const std::string& supervisor_id)> supervisor_token;
  Wire* wire = nullptr;  // for supervisors inside this process (mock); the other kinds ignore it
};

struct Kind {
  std::string_view name;
  /// kInvalidInput with all mistakes of the settings. Touches nothing yet.
  Result<std::unique_ptr<Target>> (*make)(Context context);
};
/// All kinds of this build, sorted by name.
const std::vector<Kind>& kinds();
/// The kind, or kNotFound with "did you mean".
Result<Kind> require_kind(std::string_view name);
/// The kind's page, shown by `stoker target help <name>`.
std::string_view help_of(const Kind& kind);

}  // namespace stoker::targets
