#include "mlflow/face.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/asio/error.hpp>

#include "api/reach.hpp"
#include "api/router.hpp"
#include "base/log.hpp"
#include "catalog/runs.hpp"
#include "catalog/tracking/tracked_experiments.hpp"
#include "catalog/workspaces.hpp"
#include "mlflow/origin.hpp"
#include "mlflow/reply.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kBodyLimit = 64U << 20;
/// Parsing more than this would hold up the loop.
constexpr std::size_t kParseOnLoop = 64U << 10;
/// A name is looked up again after so long: workspaces are deleted, too.
constexpr std::chrono::seconds kRemember{1};

bool is_parameter(std::string_view part) { return part.starts_with('{'); }
bool is_rest(std::string_view part) { return part.ends_with("...}"); }

bool fits(const Route& route, const Place& place) {
  if (!has(route.bases, place.base)) return false;
  const bool rest = is_rest(route.parts.back());
  if (rest ? place.segments.size() < route.parts.size() : place.segments.size() != route.parts.size()) return false;
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    if (is_parameter(route.parts[i])) {
      if (place.segments[i].empty()) return false;
    } else if (route.parts[i] != place.segments[i]) {
      return false;
    }
  }
  return true;
}

api::Parameters parameters_of(const Route& route, const Place& place) {
  api::Parameters parameters;
  for (std::size_t i = 0; i < route.parts.size(); ++i) {
    const auto part = route.parts[i];
    if (!is_parameter(part)) continue;
    if (is_rest(part))
      parameters.emplace_back(part.substr(1, part.size() - 5),
                              fmt::format("{}", fmt::join(place.segments.begin() + static_cast<std::ptrdiff_t>(i), place.segments.end(), "/")));
    else parameters.emplace_back(part.substr(1, part.size() - 2), place.segments[i]);
  }
  return parameters;
}

Status check_content_type(const api::Head& head) {
  const auto given = head.find("content-type");
  if (!given) return Error(ErrorCode::kInvalidInput, "Bad Request. Content-Type header is missing.");
  auto type = given->substr(0, given->find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type == "application/json") return ok();
  return Error(ErrorCode::kInvalidInput, "Bad Request. Content-Type must be one of ['application/json'].");
}

io::Task<Status> read_fields(Request& request) {
  auto& call = request.call;
  const auto method = call.head.handled_method();
  if (method == api::Method::kPost || method == api::Method::kPut) CO_CHECK_OK(check_content_type(call.head));
  if (method == api::Method::kGet && !call.query.empty()) {
    request.body = body_of(call.query);
    request.from = Fields::From::kQuery;
    co_return ok();
  }
  call.body.must_end_within(call.limits.json_body);
  CO_TRY(auto text, co_await api::read_body(call.body, kBodyLimit));
  if (text.size() <= kParseOnLoop) {
    CO_TRY(request.body, parse_body(text));
    co_return ok();
  }
  auto parse = [&text] { return parse_body(text); };
  CO_TRY(request.body, co_await io::blocking(call.services.pool, parse));
  co_return ok();
}

void add_security_headers(const api::Head& head, api::Reply& reply) {
  reply.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
  const auto origin = head.find("origin");
  if (!origin || !is_trusted_origin(head)) return;
  reply.headers.emplace_back("Access-Control-Allow-Origin", std::string(*origin));
  reply.headers.emplace_back("Access-Control-Allow-Credentials", "true");
  reply.headers.emplace_back("Vary", "Origin");
  if (head.method() == api::Method::kOptions) {
    reply.headers.emplace_back("Access-Control-Allow-Methods", "DELETE, GET, OPTIONS, PATCH, POST, PUT");
    reply.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type");
  }
}

Result<WorkspaceId> find_or_make_workspace(db::Transaction& transaction, const std::string& name, bool personal, Time now, Random& random) {
  const WorkspaceName standard;
  if (personal && (name.empty() || name == standard.name)) {
    TRY(const auto made, catalog::get_or_create_workspace(transaction, standard, now, random));
    return made.id;
  }
  if (name.empty()) {
    TRY(const auto found, catalog::find_workspace(transaction, standard));
    return found.id;
  }
  TRY(const auto all, catalog::list_workspaces(transaction));
  std::vector<WorkspaceId> named;
  for (const auto& workspace : all) {
    if (workspace.id.text() == name) return workspace.id;
    if (workspace.name.name == name) named.push_back(workspace.id);
  }
  if (named.size() == 1) return named[0];
  if (named.empty()) return Error(ErrorCode::kNotFound, fmt::format("No workspace '{}' exists; `stoker workspace list` shows those that do.", name));
  return Error(ErrorCode::kInvalidInput,
               fmt::format("There are {} workspaces named '{}'; put the id into the address, `stoker workspace list` shows it.", named.size(), name));
}

/// MLflow's clients take experiment 0 for granted.
Result<WorkspaceId> with_default_experiment(db::Transaction& transaction, Result<WorkspaceId> workspace, Time now, Random& random) {
  if (!workspace) return workspace;
  TRY(const auto there, catalog::find_experiment_by_number(transaction, *workspace, 0));
  if (!there) CHECK_OK(catalog::make_default_experiment(transaction, *workspace, now, random));
  return workspace;
}

api::Reply incident(api::Call& call, std::string_view what) {
  const auto number = call.services.random.hex(6);
  log::error("mlflow", "request failed", {{"incident", number}, {"method", to_text(call.head.method())}, {"cause", what}});
  return error_reply(500, "INTERNAL_ERROR", "the server failed: incident " + number + "; the server's log has the rest under this number");
}

}  // namespace

api::Responder Face::before(api::Responder next) && {
  auto face = std::make_shared<Face>(std::move(*this));
  return [face, next = std::move(next)](const api::Services& services, const api::HttpLimits& limits, io::Pool& transfers, const api::Head& head,
                                        api::BodyReader& body, api::Peer& peer) -> io::Task<api::Reply> {
    if (!is_mlflow(head.target())) return next(services, limits, transfers, head, body, peer);
    return [](Face& self, api::Call call) -> io::Task<api::Reply> {
      co_return co_await self.answer(call);
    }(*face, api::Call{.services = services, .limits = limits, .transfers = transfers, .head = head, .body = body, .peer = peer});
  };
}

io::Task<api::Reply> Face::answer(api::Call& call) {
  std::string failure;
  try {
    auto reply = co_await find_and_answer(call);
    if (!reply && info(reply.error().code()).http_status >= 500)
      log::warning("mlflow", "answered with an error", {{"code", info(reply.error().code()).slug}, {"cause", reply.error().to_line()}});
    auto given = reply ? std::move(*reply) : error_reply(reply.error());
    add_security_headers(call.head, given);
    co_return given;
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;
    failure = error.code().message();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  co_return incident(call, failure);
}

io::Task<Result<api::Reply>> Face::find_and_answer(api::Call& call) {
  CO_TRY(auto place, parse_place(call.head.target()));
  const auto method = call.head.handled_method();
  std::string allowed;
  const Route* found = nullptr;
  for (const auto& route : routes()) {
    if (!fits(route, place)) continue;
    if (route.method == method) {
      found = &route;
      break;
    }
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", to_text(route.method));
  }
  if (found == nullptr && allowed.empty()) co_return no_such_path();
  if (method == api::Method::kOptions) {
    auto reply = text_reply(204, "");
    reply.headers.emplace_back("Allow", allowed + ", OPTIONS");
    co_return reply;
  }
  if (found == nullptr) co_return no_such_method(allowed + ", OPTIONS");
  if (method != api::Method::kGet && call.head.find("origin") && !is_trusted_origin(call.head))
    co_return text_reply(403, "Cross-origin request blocked");
  CO_TRY(call.caller, identify(call));
  CO_CHECK_OK(call.services.tokens.admit(call.caller, found->access));
  call.parameters = parameters_of(*found, place);
  call.query = std::move(place.query);
  const auto prefix = place.workspace.empty() ? std::string() : "/mlflow/" + place.workspace;
  Request request{.call = call, .workspace = {}, .workspace_path = prefix, .base = place.base};
  if (found->access != api::Access::kPublic) {
    CO_TRY(request.workspace, co_await workspace_of(call, place.workspace));
  }
  co_return co_await through(request, *found);
}

io::Task<Result<api::Reply>> Face::through(Request& request, const Route& route) {
  if (route.body != Body::kStream) CO_CHECK_OK(co_await read_fields(request));
  co_return co_await route.handler(request);
}

io::Task<Result<WorkspaceId>> Face::workspace_of(api::Call& call, const std::string& name) {
  if (call.caller.kind == api::Caller::Kind::kRun && name.empty()) {
    auto read = [run = call.caller.run](db::Connection& connection) { return catalog::look_up_run_mark(connection, run); };
    CO_TRY(const auto mark, co_await call.services.catalog.read(std::move(read)));
    if (!mark) co_return Error(ErrorCode::kForbidden, "the run of this token is gone");
    co_return mark->workspace;
  }
  const auto now = std::chrono::steady_clock::now();
  auto& known = workspaces_[name];
  if (known.id.empty() || known.until < now) {
    auto find = [name, personal = personal_, time = call.services.clock.now(), &random = call.services.random](db::Transaction& transaction) {
      return with_default_experiment(transaction, find_or_make_workspace(transaction, name, personal, time, random), time, random);
    };
    auto id = co_await call.services.catalog.write(std::move(find));
    if (!id) {
      workspaces_.erase(name);
      co_return id.error();
    }
    workspaces_[name] = {*id, now + kRemember};
  }
  const auto id = workspaces_[name].id;
  CO_CHECK_OK(co_await api::check_workspace(call, id));
  co_return id;
}

}  // namespace stoker::mlflow
