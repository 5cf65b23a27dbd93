#include "supervisor/script/script_socket_calls.hpp"

#include <fmt/format.h>

#include "base/random.hpp"
#include "io/url.hpp"

namespace stoker::supervisor {
namespace {

using namespace std::chrono_literals;
// Afterwards properties go through the journal: the script must not stand still because the server does.
constexpr auto kPropertiesPatience = 10s;
constexpr auto kApiPatience = 60s;
constexpr std::size_t kMaxAnswerBytes = 16U << 20;

Result<json::value> body_of(const io::HttpResponse& response) {
  if (response.body.empty()) return json::value(nullptr);
  if (response.body.size() > kMaxAnswerBytes)
    return Error(ErrorCode::kInputTooLarge, fmt::format("the answer is larger than {} bytes", kMaxAnswerBytes));
  const auto type = response.headers.find("content-type");
  if (type != response.headers.end() && type->second.starts_with("application/json")) return parse_json(response.body);
  if (!is_valid_utf8(response.body))
    return Error(ErrorCode::kUnsupported, "the answer is no text").hint("fetch it with AZUREML_SERVICE_ENDPOINT and AZUREML_RUN_TOKEN");
  return json::value(response.body);
}

}  // namespace

io::Task<Result<json::object>> ScriptCalls::carry_out(Call call, std::function<bool()> is_wanted) {
  if (const auto* flush_call = std::get_if<FlushCall>(&call)) co_return co_await flush(*flush_call, std::move(is_wanted));
  if (auto* properties_call = std::get_if<PropertiesCall>(&call)) co_return co_await properties(std::move(*properties_call));
  if (auto* upload_call = std::get_if<UploadCall>(&call)) co_return co_await upload(std::move(*upload_call));
  co_return co_await api(std::move(std::get<ApiCall>(call)));
}

io::Task<Result<json::object>> ScriptCalls::flush(FlushCall call, std::function<bool()> is_wanted) {
  const auto seq = context_.journal.last_seq();
  CO_CHECK_OK(co_await context_.journal.sync(context_.pool));
  const auto until = io::in(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(call.timeout_seconds)));
  bool delivered = context_.journal.acked_seq() >= seq;
  while (!delivered && is_wanted() && std::chrono::steady_clock::now() < until) {
    delivered = co_await context_.journal.wait_acked(seq, std::min(until, io::in(1s)));
  }
  json::object answer;
  answer["delivered"] = delivered;
  co_return answer;
}

io::Task<Result<json::object>> ScriptCalls::properties(PropertiesCall call) {
  ApiCall patch;
  patch.method = "PATCH";
  patch.path = "/api/v1/runs/" + io::percent_encode(context_.start.run.text());
  json::object changes;
  changes["properties"] = stoker::to_json(call.values);
  patch.body = std::move(changes);
  const auto response = co_await ask(std::move(patch), io::in(kPropertiesPatience));
  json::object answer;
  if (!response && !is_server_away(response.error())) co_return response.error();
  if (!response) {
    for (const auto& [key, value] : call.values) context_.journal.append(protocol::PropertyRecord{key, value});
    answer["deferred"] = true;
    co_return answer;
  }
  if (response->is_success()) co_return answer;
  const auto body = parse_json(response->body);
  co_return error_from_json(body ? *body : json::value(nullptr), response->status);
}

io::Task<Result<json::object>> ScriptCalls::upload(UploadCall call) {
  CO_CHECK_OK(co_await uploader_.upload(std::move(call.name), std::move(call.path)));
  co_return json::object();
}

io::Task<Result<json::object>> ScriptCalls::api(ApiCall call) {
  CO_TRY(const auto response, co_await ask(std::move(call), io::in(kApiPatience)));
  json::object answer;
  answer["status"] = response.status;
  CO_TRY(auto body, body_of(response));
  answer["body"] = std::move(body);
  co_return answer;
}

io::Task<Result<io::HttpResponse>> ScriptCalls::ask(ApiCall call, io::Deadline until) {
  io::HttpRequest request;
  request.method = call.method;
  request.target = call.path;
  request.headers.emplace_back("Accept", "application/json");
  // So that asking again after a cut can do no harm.
  if (call.method == "POST") request.headers.emplace_back("Idempotency-Key", SystemRandom().hex(16));
  if (!call.body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = io::HttpBody(json::serialize(call.body));
  }
  BackOff back_off;
  while (true) {
    std::function<Result<io::HttpResponse>(io::HttpClient&)> work = [request](io::HttpClient& client) { return client.request(request); };
    auto response = co_await workers_.run<io::HttpResponse>(std::move(work));
    if (response || !is_server_away(response.error()) || std::chrono::steady_clock::now() >= until) co_return response;
    co_await back_off.wait();
  }
}

}  // namespace stoker::supervisor
