#include "api/auth.hpp"

#include <charconv>

#include "base/digest.hpp"

namespace stoker::api {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kRunPrefix = "srt1.";
constexpr std::string_view kSupervisorPrefix = "sst1.";

/// Scheme names are compared without case (RFC 9110 11.1).
std::optional<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != kScheme[i]) return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

/// No id and no path has a line end in it.
std::string signed_text(const RunId& run, std::string_view path, std::string_view until) {
  return "slk1\n" + run.text() + "\n" + std::string(path) + "\n" + std::string(until);
}

}  // namespace

Tokens::Tokens(std::string owner_token, std::string secret, std::string place)
    : owner_token_(std::move(owner_token)), secret_(std::move(secret)), place_(std::move(place)) {}

Error Tokens::unknown() const {
  return Error(ErrorCode::kUnauthenticated, "the server does not know this token")
      .hint("the owner's token lies in " + place_ + "; set STOKER_TOKEN to it");
}

std::string Tokens::signature(std::string_view text) const { return hmac_sha256(secret_, text).hex(); }

std::string Tokens::run_token(const RunId& run, int attempt) const {
  auto token = std::string(kRunPrefix) + base64url(run.text()) + "." + std::to_string(attempt);
  const auto mark = signature(token);
  return token + "." + mark;
}

std::string Tokens::supervisor_token(std::string_view supervisor_id) const {
  auto token = std::string(kSupervisorPrefix) + std::string(supervisor_id);
  const auto mark = signature(token);
  return token + "." + mark;
}

std::string Tokens::link(const RunId& run, std::string_view path, Time until) const {
  const auto seconds = std::to_string(to_micros(until) / 1'000'000);
  return "until=" + seconds + "&signature=" + signature(signed_text(run, path, seconds));
}

Result<Caller> Tokens::identify_link(const RunId& run, std::string_view path, std::string_view until, std::string_view signature, Time now) const {
  if (!equal_in_constant_time(this->signature(signed_text(run, path, until)), signature))
    return Error(ErrorCode::kForbidden, "the signature of this link is not one for this file").hint("get a new link from the run's details");
  std::int64_t seconds = 0;
  std::from_chars(until.data(), until.data() + until.size(), seconds);
  if (seconds < to_micros(now) / 1'000'000)
    return Error(ErrorCode::kForbidden, "the time of this link is over").hint("get a new link from the run's details, or send a token");
  return Caller{.kind = Caller::Kind::kLink};
}

Result<Caller> Tokens::identify(std::string_view authorization) const {
  if (authorization.empty()) return Caller{};
  const auto token = bearer(authorization);
  if (!token || token->size() > 1024) return unknown();
  if (equal_in_constant_time(*token, owner_token_)) return Caller{.kind = Caller::Kind::kOwner};
  if (token->starts_with(kRunPrefix)) return identify_run(*token);
  if (token->starts_with(kSupervisorPrefix)) return identify_supervisor(*token);
  return unknown();
}

Result<Caller> Tokens::identify_run(std::string_view token) const {
  const auto last = token.rfind('.');
  if (!equal_in_constant_time(signature(token.substr(0, last)), token.substr(last + 1))) return unknown();
  auto text = token.substr(kRunPrefix.size(), last - kRunPrefix.size());
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return unknown();
  auto run = from_base64url(text.substr(0, dot));
  text.remove_prefix(dot + 1);
  Caller caller{.kind = Caller::Kind::kRun};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), caller.attempt);
  if (!run || run->empty() || code != std::errc() || end != text.data() + text.size()) return unknown();
  caller.run = RunId(std::move(*run));
  return caller;
}

Result<Caller> Tokens::identify_supervisor(std::string_view token) const {
  const auto last = token.rfind('.');
  if (last < kSupervisorPrefix.size() + 1) return unknown();
  if (!equal_in_constant_time(signature(token.substr(0, last)), token.substr(last + 1))) return unknown();
  return Caller{.kind = Caller::Kind::kSupervisor,
                .supervisor = std::string(token.substr(kSupervisorPrefix.size(), last - kSupervisorPrefix.size()))};
}

Status Tokens::admit(const Caller& caller, Access access) const {
  if (has(access, Access::kPublic)) return ok();
  const auto refuse = [](std::string hint) -> Status { return Error(ErrorCode::kForbidden, "this token does not reach that").hint(std::move(hint)); };
  switch (caller.kind) {
    case Caller::Kind::kNobody:
      return Error(ErrorCode::kUnauthenticated, "a token is needed").hint("send `Authorization: Bearer …`; the owner's token lies in " + place_);
    case Caller::Kind::kOwner:
      if (access == Access::kSupervisor) return refuse("only a supervisor's own token opens this");
      return ok();
    case Caller::Kind::kRun:
      if (has(access, Access::kRun)) return ok();
      return refuse("the token of a run reaches that run and the runs below it");
    case Caller::Kind::kLink:
      if (has(access, Access::kLink)) return ok();
      return refuse("a link reaches one file");
    case Caller::Kind::kSupervisor:
      if (has(access, Access::kSupervisor)) return ok();
      return refuse("the token of a supervisor reaches only what its attempt needs");
  }
  return refuse("");
}

std::string base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out.push_back(kAlphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) out.push_back(kAlphabet[(bits << (6 - count)) & 63]);
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>((bits >> count) & 255));
    }
  }
  if (base64url(out) != text) return std::nullopt;
  return out;
}

}  // namespace stoker::api
