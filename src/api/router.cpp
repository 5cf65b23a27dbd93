#include "api/router.hpp"

#include <fmt/format.h>
#include <boost/asio/error.hpp>

#include "api/reach.hpp"
#include "base/log.hpp"
#include "base/suggest.hpp"

namespace stoker::api {
namespace {

/// Parsing more than this would hold up the loop.
constexpr std::size_t kParseOnLoop = 64U << 10;

bool is_parameter(std::string_view part) { return part.starts_with('{'); }
bool is_rest(std::string_view part) { return part.ends_with("...}"); }

std::string joined(std::span<const std::string> segments) {
  std::string path;
  for (const auto& segment : segments) path += (path.empty() ? "" : "/") + segment;
  return path;
}

bool fits(const Route& route, const std::vector<std::string>& segments) {
  const bool rest = !route.parts.empty() && is_rest(route.parts.back());
  if (rest ? segments.size() < route.parts.size() : segments.size() != route.parts.size()) return false;
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    if (!is_parameter(route.parts[i]) && route.parts[i] != segments[i]) return false;
  }
  return true;
}

Parameters parameters_of(const Route& route, const std::vector<std::string>& segments) {
  Parameters parameters;
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    const auto part = route.parts[i];
    if (!is_parameter(part)) continue;
    if (is_rest(part)) parameters.emplace_back(part.substr(1, part.size() - 5), joined(std::span(segments).subspan(i)));
    else parameters.emplace_back(part.substr(1, part.size() - 2), segments[i]);
  }
  return parameters;
}

/// The path that was meant, with the caller's own names in it.
std::string nearest_path(std::span<const Route> table, const std::vector<std::string>& segments) {
  std::vector<std::string> candidates;
  for (const auto& route : table) {
    if (route.parts.size() != segments.size()) continue;
    std::string path;
    for (std::size_t i = 0; i < segments.size(); ++i)
      path += fmt::format("/{}", is_parameter(route.parts[i]) ? std::string_view(segments[i]) : route.parts[i]);
    candidates.push_back(std::move(path));
  }
  return did_you_mean("/" + joined(segments), candidates);
}

io::Task<Status> read_json_body(Call& call, const Route& route) {
  const auto limit = route.spec->body_limit != 0 ? route.spec->body_limit : call.limits.json_bytes;
  call.body.must_end_within(call.limits.json_body);
  CO_TRY(auto text, co_await read_body(call.body, limit));
  if (text.empty()) co_return ok();
  if (text.size() <= kParseOnLoop) {
    CO_TRY(call.json_body, parse_json(text));
    co_return ok();
  }
  auto parse = [&text] { return parse_json(text); };
  CO_TRY(call.json_body, co_await io::blocking(call.services.pool, parse));
  co_return ok();
}

std::string_view query_value(const Query& query, std::string_view name) {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

Result<Caller> identify(const Call& call, const Route& route) {
  const auto& tokens = call.services.tokens;
  const auto signature = query_value(call.query, "signature");
  if (signature.empty() || !has(route.access, Access::kLink)) return tokens.identify(call.head.find("authorization").value_or(""));
  return tokens.identify_link(RunId(std::string(call.parameter("run"))), call.parameter("path"), query_value(call.query, "until"), signature,
                              call.services.clock.now());
}

io::Task<Result<Reply>> through(Call& call, const Route& route) {
  CO_TRY(call.caller, identify(call, route));
  CO_CHECK_OK(call.services.tokens.admit(call.caller, route.access));
  CO_CHECK_OK(co_await check_reach(call, route));
  if (route.spec->body == BodyKind::kJson) CO_CHECK_OK(co_await read_json_body(call, route));
  call.status = route.spec->status;
  co_return co_await route.handler(call);
}

Reply incident(const Services& services, const Head& head, std::string_view what) {
  const auto number = services.random.hex(6);
  log::error("api", "request failed", {{"incident", number}, {"method", to_text(head.method())}, {"cause", what}});
  return error_reply(
      Error(ErrorCode::kInternal, "the server failed: incident " + number).hint("the server's log has the rest under this number; please report it"));
}

Reply no_method(const Error& error, std::string allowed) {
  auto reply = error_reply(error);
  reply.status = 405;
  reply.headers.emplace_back("Allow", std::move(allowed));
  return reply;
}

io::Task<Result<Reply>> find_and_answer(const Services& services, const HttpLimits& limits, io::Pool& transfers, const Head& head, BodyReader& body,
                                        Peer& peer) {
  CO_TRY(auto target, parse_target(head.target()));
  Parameters parameters;
  std::string allowed;
  auto route = match(routes(), head.handled_method(), target.segments, parameters, allowed);
  if (!route && !allowed.empty()) co_return no_method(route.error(), std::move(allowed));
  if (!route) co_return route.error();
  Call call{.services = services,
            .limits = limits,
            .transfers = transfers,
            .head = head,
            .body = body,
            .peer = peer,
            .parameters = std::move(parameters),
            .query = std::move(target.query)};
  co_return co_await through(call, **route);
}

}  // namespace

Route::Route(Method method, std::string_view pattern, Access access, Handler handler, const SpecInfo& spec, std::string_view name)
    : method(method), pattern(pattern), access(access), handler(handler), spec(&spec), name(name) {
  auto rest = pattern.substr(1);
  for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    parts.push_back(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  parts.push_back(rest);
}

io::Task<Result<std::string>> read_body(BodyReader& body, std::size_t limit) {
  const Error too_large = Error(ErrorCode::kInputTooLarge, fmt::format("the body is larger than {} bytes", limit))
                              .hint("files and packs have routes of their own that take any size");
  if (body.length().value_or(0) > limit) co_return too_large;
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = 64U << 10;
    const auto before = text.size();
    // What the client announces is believed only as far as it comes.
    const auto piece = before == 0 && body.length() ? std::min<std::size_t>(kPiece, *body.length()) : kPiece;
    text.resize(before + piece);
    CO_TRY(const auto count, co_await body.read(text.data() + before, piece));
    text.resize(before + count);
    if (count == 0 || text.size() == body.length()) co_return text;
    if (text.size() > limit) co_return too_large;
  }
}

Result<const Route*> match(std::span<const Route> table, Method method, const std::vector<std::string>& segments, Parameters& parameters,
                           std::string& allowed) {
  // Routes that spell a part out come before those that have a parameter there: routes.cpp keeps that order.
  for (const auto& route : table) {
    if (!fits(route, segments)) continue;
    if (route.method == method) {
      parameters = parameters_of(route, segments);
      return &route;
    }
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", to_text(route.method));
    if (route.method == Method::kGet) allowed += ", HEAD";
  }
  if (!allowed.empty()) return Error(ErrorCode::kUnsupported, "this path does not take that method").hint("it takes " + allowed);
  return Error(ErrorCode::kNotFound, "there is nothing at this path").hint(nearest_path(table, segments));
}

io::Task<Reply> answer(const Services& services, const HttpLimits& limits, io::Pool& transfers, const Head& head, BodyReader& body, Peer& peer) {
  std::string failure;
  try {
    auto reply = co_await find_and_answer(services, limits, transfers, head, body, peer);
    if (reply) co_return std::move(*reply);
    const auto& error = reply.error();
    if (info(error.code()).http_status >= 500)
      log::warning("api", "answered with an error", {{"code", info(error.code()).slug}, {"cause", error.to_line()}});
    co_return error_reply(error);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    failure = error.code().message();
  } catch (const std::exception& error) {
    failure = error.what();
  } catch (...) {
    failure = "an exception of an unknown type";
  }
  co_return incident(services, head, failure);
}

}  // namespace stoker::api
