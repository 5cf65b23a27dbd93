#pragma once
// Who calls, and what that reaches. Three kinds of tokens, sent as `Authorization: Bearer …`:
//   owner       the text in the server's token file; reaches everything but the supervisors' door
//   run         srt1.<base64url of the run's id>.<attempt>.<hmac>   its own run and the runs below it
//   supervisor  sst1.<supervisor id>.<hmac>                         connect, files of its attempt, snapshots
// and links, which stand in an address instead: one file of one run, to be read until a time.
// The last two and links are not stored anywhere: HMAC-SHA-256 by the server's secret over what stands before the last dot.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "domain/ids.hpp"

namespace stoker::api {

/// What a route asks for; a set of bits. The owner reaches everything but kSupervisor alone.
enum class Access : std::uint8_t {
  kPublic = 1,      // no token
  kReader = 2,      // may look (today that is the owner; roles come with users)
  kRun = 4,         // a run's token, for its own run and those below
  kSupervisor = 8,  // a supervisor's token
  kOwner = 16,
  kLink = 32,  // an address with a signature, for the very file
};
constexpr Access operator|(Access a, Access b) { return static_cast<Access>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b)); }
constexpr bool has(Access set, Access one) { return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0; }

struct Caller {
  enum class Kind : std::uint8_t { kNobody, kOwner, kRun, kSupervisor, kLink } kind = Kind::kNobody;
  RunId run;               // kRun
  int attempt = 0;         // kRun
  std::string supervisor;  // kSupervisor
};

class Tokens {
 public:
  /// `place` is where the owner's token lies, for the hint of a refusal.
  Tokens(std::string owner_token, std::string secret, std::string place);
  std::string run_token(const RunId& run, int attempt) const;
  std::string supervisor_token(std::string_view supervisor_id) const;
  /// `until=…&signature=…` behind the address of a file.
  std::string link(const RunId& run, std::string_view path, Time until) const;
  /// kForbidden: the signature is not of this file, or its time is over.
  Result<Caller> identify_link(const RunId& run, std::string_view path, std::string_view until, std::string_view signature, Time now) const;
  /// The value of the Authorization field (empty: there was none). kUnauthenticated unless the token is one of ours.
  Result<Caller> identify(std::string_view authorization) const;
  /// Without looking at any run: is this kind of caller let in at all? kForbidden, or kUnauthenticated for nobody.
  Status admit(const Caller& caller, Access access) const;

 private:
  std::string signature(std::string_view text) const;
  Error unknown() const;
  Result<Caller> identify_run(std::string_view token) const;
  Result<Caller> identify_supervisor(std::string_view token) const;
  std::string owner_token_;
  std::string secret_;
  std::string place_;
};

std::string base64url(std::string_view bytes);
/// nullopt for anything that base64url would not have written.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace stoker::api
