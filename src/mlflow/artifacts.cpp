// Artifacts: the proxy under mlflow-artifacts/, which the Python client uses, and the calls by run of the R and Java clients and the web pages.
#include <limits>

#include <fmt/format.h>

#include "mlflow/artifact_access.hpp"
#include "mlflow/artifact_path.hpp"
#include "mlflow/reply.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::uint64_t kUploadLimit = 10U << 20;
constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();

Error refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

io::Task<Result<api::Reply>> put_artifact(Request& request) {
  CO_TRY(auto place, co_await reach_artifact(request, std::string(request.parameter("path")), Use::kWrite));
  CO_CHECK_OK(co_await store_artifact(request, std::move(place), kNoLimit));
  co_return api::json_reply(200, json::object());
}

io::Task<Result<api::Reply>> get_artifact(Request& request) {
  CO_TRY(auto place, co_await reach_artifact(request, std::string(request.parameter("path")), Use::kRead));
  co_return co_await send_artifact(request, std::move(place));
}

io::Task<Result<json::object>> delete_artifact(Request& request) {
  CO_TRY(auto place, co_await reach_artifact(request, std::string(request.parameter("path")), Use::kWrite));
  auto write = [place](db::Transaction& transaction) { return catalog::remove_artifacts(transaction, place); };
  CO_CHECK_OK(co_await request.services().catalog.write(std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> list_artifacts(Request& request) {
  CO_TRY(auto path, request.fields().text_or("path", ""));
  CO_TRY(auto place, co_await reach_artifact(request, std::move(path), Use::kRead));
  CO_TRY(auto files, co_await list_folder(request, std::move(place), ""));
  json::object body;
  if (!files.empty()) body["files"] = std::move(files);
  co_return body;
}

io::Task<Result<api::Reply>> no_multipart_upload(Request&) {
  co_return error_reply(501, "NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository");
}

io::Task<Result<api::Reply>> no_multipart_download(Request&) {
  co_return error_reply(501, "NOT_IMPLEMENTED", "Multipart download is not supported for the current artifact repository");
}

io::Task<Result<json::object>> list_run_artifacts(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto path, fields.text_or("path", ""));
  CO_TRY(const auto clean, check_artifact_path(path));
  CO_TRY(auto id, fields.run_id());
  const RunId run(std::move(id));
  CO_TRY(auto place, co_await reach_run_artifact(request, run, clean, Use::kRead));
  CO_TRY(auto root, co_await run_artifact_root(request, run));
  CO_TRY(auto files, co_await list_folder(request, std::move(place), clean.empty() ? "" : clean + "/"));
  json::object body{{"root_uri", std::move(root)}};
  if (!files.empty()) body["files"] = std::move(files);
  co_return body;
}

io::Task<Result<api::Reply>> get_run_artifact(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto path, fields.required_text("path"));
  CO_CHECK_OK(check_artifact_path(path));
  CO_TRY(auto id, fields.run_id());
  const RunId run(std::move(id));
  CO_TRY(auto place, co_await reach_run_artifact(request, run, path, Use::kRead));
  co_return co_await send_artifact(request, std::move(place));
}

/// From the web pages: the content is the body, the names are in the query.
io::Task<Result<api::Reply>> upload_artifact(Request& request) {
  const auto query = body_of(request.call.query);
  const Fields fields(query, "", Fields::From::kQuery);
  CO_TRY(const auto run, fields.text_or("run_uuid", ""));
  if (run.empty()) co_return refused("Request must specify run_uuid.");
  CO_TRY(const auto path, fields.text_or("path", ""));
  if (path.empty()) co_return refused("Request must specify path.");
  CO_TRY(auto place, co_await reach_run_artifact(request, RunId(run), path, Use::kWrite));
  if (request.call.body.length() == 0) co_return refused("Request must specify data.");
  const auto stored = co_await store_artifact(request, std::move(place), kUploadLimit);
  if (!stored && stored.error().code() == ErrorCode::kInputTooLarge) co_return refused("Artifact size is too large. Max size is 10MB.");
  CO_CHECK_OK(stored);
  co_return text_reply(200, "");
}

io::Task<Result<json::object>> no_presigned_upload(Request&) {
  co_return refused("Presigned uploads are not offered: artifacts are sent to the tracking server itself.");
}

}  // namespace

void add_artifact_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  table.emplace_back(Method::kGet, "mlflow-artifacts/artifacts", kBoth2, kReader, Body::kNone, &answer_json<&list_artifacts>);
  table.emplace_back(Method::kGet, "mlflow-artifacts/artifacts/{path...}", kBoth2, kReader, Body::kNone, &get_artifact);
  table.emplace_back(Method::kPut, "mlflow-artifacts/artifacts/{path...}", kBoth2, kWriter, Body::kStream, &put_artifact);
  table.emplace_back(Method::kDelete, "mlflow-artifacts/artifacts/{path...}", kBoth2, kWriter, Body::kNone, &answer_json<&delete_artifact>);
  for (const auto* pattern :
       {"mlflow-artifacts/mpu/create/{path...}", "mlflow-artifacts/mpu/complete/{path...}", "mlflow-artifacts/mpu/abort/{path...}"})
    table.emplace_back(Method::kPost, pattern, kBoth2, kWriter, Body::kNone, &no_multipart_upload);
  table.emplace_back(Method::kGet, "mlflow-artifacts/presigned/{path...}", kBoth2, kReader, Body::kNone, &no_multipart_download);
  table.emplace_back(Method::kGet, "mlflow/artifacts/list", kBoth2, kReader, Body::kNone, &answer_json<&list_run_artifacts>);
  table.emplace_back(Method::kPost, "mlflow/artifacts/presigned-upload-url", kBoth2, kWriter, Body::kJson, &answer_json<&no_presigned_upload>);
  table.emplace_back(Method::kGet, "get-artifact", Base::kRoot, kReader, Body::kNone, &get_run_artifact);
  table.emplace_back(Method::kPost, "mlflow/upload-artifact", Base::kAjax2, kWriter, Body::kStream, &upload_artifact);
}

}  // namespace stoker::mlflow
