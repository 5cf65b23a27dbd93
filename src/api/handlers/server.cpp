#include "api/handlers/server.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/units.hpp"
#include "io/process.hpp"

namespace stoker::api {
namespace {

/// Below this, a run's output may not fit any more.
constexpr std::uint64_t kLowSpace = 1'000'000'000;

CheckResult check_disk(const std::string& folder) {
  struct statvfs space{};
  if (statvfs(folder.c_str(), &space) != 0) return {"disk", false, fmt::format("cannot ask for the free space of {}", folder)};
  const auto free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  return {"disk", free_bytes >= kLowSpace, fmt::format("{} free in {}", format_bytes(free_bytes), folder)};
}

CheckResult check_folder(const std::string& folder) {
  const bool good = access(folder.c_str(), R_OK | W_OK | X_OK) == 0;
  return {"data folder", good, good ? folder : fmt::format("{} cannot be written", folder)};
}

json::object to_record(const CheckResult& result) { return {{"name", result.name}, {"ok", result.ok}, {"message", result.message}}; }

}  // namespace

const Spec<GetHealth::Input>& GetHealth::spec() {
  static const auto spec = Spec<Input>("Is the server there, and is it the one that was meant?").answers(200, "Health");
  return spec;
}

io::Task<Result<json::object>> GetHealth::process(Call& call, Input) {
  co_return json::object{{"status", "ok"}, {"instance", call.services.info.instance}};
}

const Spec<GetOpenApi::Input>& GetOpenApi::spec() {
  static const auto spec = Spec<Input>("This description.").answers(200, "application/json", "OpenAPI 3.0");
  return spec;
}

io::Task<Result<Reply>> GetOpenApi::process(Call&, Input) {
  static const std::string text = render_openapi();
  Reply reply;
  reply.body = text;
  co_return reply;
}

const Spec<GetServer::Input>& GetServer::spec() {
  static const auto spec = Spec<Input>("The server, and how full it is.").answers(200, "Server");
  return spec;
}

io::Task<Result<json::object>> GetServer::process(Call& call, Input) {
  const auto& services = call.services;
  const auto counts = services.runs.counts();
  json::object body;
  body["version"] = services.info.version;
  body["api_version"] = 1;
  body["instance"] = services.info.instance;
  body["data_dir"] = services.info.data_dir;
  body["personal"] = services.info.personal;
  body["boot_id"] = io::boot_id();
  body["pid"] = static_cast<std::int64_t>(getpid());
  body["started_at"] = format_time(services.info.started_at);
  body["url"] = services.info.url ? services.info.url() : "";
  body["runs"] = {{"queued", counts.queued}, {"running", counts.running}};
  body["slots"] = {{"cpus", counts.cpus}, {"cpus_used", counts.cpus_used}, {"gpus", counts.gpus}, {"gpus_used", counts.gpus_used}};
  co_return body;
}

const Spec<CheckServer::Input>& CheckServer::spec() {
  static const auto spec = Spec<Input>("Is everything well: catalog, data folder, disk, supervisors.").answers(200, "Checks");
  return spec;
}

io::Task<Result<json::object>> CheckServer::process(Call& call, Input) {
  const auto& services = call.services;
  std::vector<CheckResult> results;
  const auto catalog = co_await services.catalog.check();
  results.push_back({"catalog", catalog.has_value(), catalog ? services.catalog.place() : catalog.error().to_line()});
  results.push_back(check_folder(services.info.data_dir));
  results.push_back(check_disk(services.info.data_dir));
  const auto attached = services.runs.hub().attached_count();
  results.push_back({"supervisors", true, fmt::format("{} connected", attached)});
  if (services.more_checks) {
    auto more = co_await services.more_checks();
    results.insert(results.end(), more.begin(), more.end());
  }
  json::array checks;
  for (const auto& result : results) checks.push_back(to_record(result));
  co_return json::object{{"checks", std::move(checks)}};
}

const Spec<StopServer::Input>& StopServer::spec() {
  static const auto spec = Spec<Input>("Ends the server in good order. Runs go on.").answers(202, "Stopping");
  return spec;
}

io::Task<Result<json::object>> StopServer::process(Call& call, Input) {
  log::info("api", "asked to stop");
  if (call.services.request_stop) call.services.request_stop();
  co_return json::object{{"status", "stopping"}};
}

}  // namespace stoker::api
