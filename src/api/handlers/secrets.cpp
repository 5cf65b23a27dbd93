#include "api/handlers/secrets.hpp"

#include "api/reach.hpp"
#include "runs/secrets/secrets.hpp"

namespace stoker::api {
namespace {

Reply nothing() {
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace

const Spec<ListSecrets::Input>& ListSecrets::spec() {
  static const auto spec =
      Spec<Input>("The names of a workspace's secrets.").path("workspace", &Input::workspace, "the workspace's id").answers(200, "Secrets");
  return spec;
}

io::Task<Result<json::object>> ListSecrets::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  CO_TRY(const auto secrets, co_await call.services.runs.secrets().list(std::move(input.workspace)));
  json::array list;
  for (const auto& secret : secrets)
    list.push_back({{"name", secret.name}, {"created_at", format_time(secret.created_at)}, {"updated_at", format_time(secret.updated_at)}});
  co_return json::object{{"secrets", std::move(list)}};
}

const Spec<GetSecret::Input>& GetSecret::spec() {
  static const auto spec = Spec<Input>("A secret's value.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the secret's name")
                               .answers(200, "Secret");
  return spec;
}

io::Task<Result<json::object>> GetSecret::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  CO_TRY(auto value, co_await call.services.runs.secrets().get(std::move(input.workspace), input.name));
  co_return json::object{{"name", input.name}, {"value", std::move(value)}};
}

const Spec<PutSecret::Input>& PutSecret::spec() {
  static const auto spec = Spec<Input>("Sets a secret. From now on its value reads as stars in the logs of the workspace's runs.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "1 to 127 letters, digits, - or _")
                               .json_field("value", &Input::value, "at most 65,536 bytes", {.longest = 64U << 10})
                               .required()
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> PutSecret::process(Call& call, Input input) {
  CO_CHECK_OK(co_await call.services.runs.secrets().put(std::move(input.workspace), std::move(input.name), std::move(input.value)));
  co_return nothing();
}

const Spec<DeleteSecret::Input>& DeleteSecret::spec() {
  static const auto spec = Spec<Input>("Deletes a secret.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the secret's name")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteSecret::process(Call& call, Input input) {
  CO_CHECK_OK(co_await call.services.runs.secrets().remove(std::move(input.workspace), std::move(input.name)));
  co_return nothing();
}

}  // namespace stoker::api
