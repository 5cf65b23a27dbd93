#pragma once
// In what a run runs: the contract of every kind of environment. A kind checks its settings, resolves them to a lock (whose digest
// is the cache key on every target), prepares what the lock names, and says which processes to start.
// `validate` runs on the server before a run is accepted; `resolve`, `prepare`, `command` and `describe` in the supervisor, on the
// machine of the run. All block. A kind is one sub-folder; CMake lists the folders (cmake/kinds.cmake), nothing else names them.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/run_spec.hpp"

namespace stoker::environments {

using Variables = std::map<std::string, std::string>;

/// Exactly one of script, argv and command, as in RunSpec.
struct Program {
  std::optional<std::string> script;
  std::vector<std::string> arguments;
  std::vector<std::string> argv;
  std::optional<std::string> command;
};
Program program_of(const RunSpec& spec);

/// The run's variables as far as the specification says: inherited, then the environment's, then the run's own; later wins.
/// Values are taken as they are; the supervisor puts its identity variables over them.
Variables variables_of(const RunSpec& spec);

/// What exactly is run in, versioned: {"kind", "version", …the kind's own}. Equal digests mean interchangeable built files.
struct EnvironmentLock {
  json::object content;
  Digest digest;
};

/// Digest of the content with its keys sorted, so that the order in which a kind writes them does not matter.
EnvironmentLock make_lock(json::object content);

struct Prepared {
  Variables variables;                   // over the run's variables
  std::vector<std::string> path_prefix;  // folders that go before the run's PATH
};
/// `variables` with what `prepared` adds: what the program is started with, and what `command` wants.
Variables with_prepared(Variables variables, const Prepared& prepared);

class EnvironmentKind {
 public:
  virtual ~EnvironmentKind() = default;
  /// The value of `environment.kind`: "user-managed".
  virtual std::string_view kind() const = 0;
  /// JSON Schema of the settings, with a description each; shown in the reference and the API.
  virtual json::object schema() const = 0;
  /// kEnvironmentInvalid with all mistakes (paths under "environment") and what was found instead. `variables` are the run's, for PATH.
  virtual Status validate(const EnvironmentSpec& spec, const Program& program, const Variables& variables) const = 0;
  /// Deterministic for an unchanged machine. Looks only: the program waits for it. Errors as `validate`.
  virtual Result<EnvironmentLock> resolve(const EnvironmentSpec& spec, const Variables& variables) const = 0;
  /// Makes what the lock names usable, under `directory` where it must build something. Twice is the same as once.
  virtual Result<Prepared> prepare(const EnvironmentLock& lock, const std::string& directory) const = 0;
  /// The argument vector to start, [0] an absolute path. `variables` are those of the process (`with_prepared`): `$NAME` and `${NAME}` in a
  /// script's arguments are replaced from them (unknown names stay), argv[0] is looked up on their PATH, relative ones with a
  /// slash in `working_directory`.
  virtual Result<std::vector<std::string>> command(const EnvironmentLock& lock, const Program& program, const Variables& variables,
                                                   const std::string& working_directory) const = 0;
  /// What is in it, for the record: {"kind", "interpreter", "version", "packages": [{"name", "version"}]}, null where there is none. Looks
  /// only, and at what it is now; may take some tenths of a second where nothing is in the cache. `variables` as for `resolve`.
  virtual json::object describe(const EnvironmentLock& lock, const Variables& variables) const = 0;
};

/// nullptr for an unknown kind.
const EnvironmentKind* find_environment_kind(std::string_view kind);
/// All kinds of this build, sorted.
std::vector<std::string> environment_kind_names();
/// The kind, or kEnvironmentInvalid with the known ones and "did you mean".
Result<const EnvironmentKind*> require_environment_kind(std::string_view kind);

/// PATH of the variables, or the one that a bare system has.
std::string path_of(const Variables& variables);
/// `$NAME` and `${NAME}` from the variables; unknown names stay as they are (the rule of os.path.expandvars).
std::string expand_variables(std::string_view text, const Variables& variables);

}  // namespace stoker::environments
