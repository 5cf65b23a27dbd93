// Registered models: a name with tags, aliases, and versions (model_versions.cpp).
#include <fmt/format.h>

#include "mlflow/registry.hpp"
#include "mlflow/registry_names.hpp"

namespace stoker::mlflow {
namespace {

using catalog::RegisteredModel;

Result<catalog::Labels> read_tags(const Fields& fields) {
  catalog::Labels tags;
  TRY(const auto pairs, fields.pairs("tags"));
  for (const auto& [key, value] : pairs) {
    CHECK_OK(check_registry_tag(key, value));
    tags[key] = value;
  }
  return tags;
}

/// Looks the model up and changes it, in one transaction.
template <class Change>
io::Task<Status> change_model(Request& request, std::string name, Change change) {
  auto write = [workspace = request.workspace, name = std::move(name), change = std::move(change)](db::Transaction& transaction) -> Status {
    TRY(const auto model, catalog::find_model(transaction, workspace, name));
    return change(transaction, model);
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

io::Task<Result<RegisteredModel>> read_model(Request& request, std::string name) {
  auto read = [workspace = request.workspace, name = std::move(name)](db::Connection& connection) {
    return catalog::find_model(connection, workspace, name);
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

io::Task<Result<json::object>> answer_model(Request& request, std::string name) {
  CO_TRY(const auto model, co_await read_model(request, std::move(name)));
  co_return json::object{{"registered_model", registered_model_record(model)}};
}

io::Task<Result<json::object>> create_model(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto name, fields.required_text("name"));
  CO_CHECK_OK(check_model_name(name));
  CO_TRY(const auto description, fields.text_or("description", ""));
  CO_TRY(const auto tags, read_tags(fields));
  auto write = [workspace = request.workspace, name, description, tags, now = request.services().clock.now()](db::Transaction& transaction) {
    return catalog::create_model(transaction, workspace, name, description, tags, now);
  };
  CO_TRY(const auto model, co_await request.services().catalog.write(std::move(write)));
  co_return json::object{{"registered_model", registered_model_record(model)}};
}

io::Task<Result<json::object>> get_model(Request& request) {
  CO_TRY(auto name, request.fields().required_text("name"));
  co_return co_await answer_model(request, std::move(name));
}

io::Task<Result<json::object>> update_model(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto description, request.fields().text_or("description", ""));
  const auto now = request.services().clock.now();
  CO_CHECK_OK(co_await change_model(request, name, [description, now](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::describe_model(transaction, model, description, now);
  }));
  co_return co_await answer_model(request, name);
}

io::Task<Result<json::object>> rename_model(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto new_name, request.fields().required_text("new_name"));
  CO_CHECK_OK(check_model_name(new_name));
  const auto now = request.services().clock.now();
  auto rename = [workspace = request.workspace, new_name, now](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::rename_model(transaction, workspace, model, new_name, now);
  };
  CO_CHECK_OK(co_await change_model(request, name, std::move(rename)));
  co_return co_await answer_model(request, new_name);
}

io::Task<Result<json::object>> delete_model(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_CHECK_OK(co_await change_model(request, name, catalog::remove_model));
  co_return json::object();
}

io::Task<Result<json::object>> set_tag(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto name, fields.required_text("name"));
  CO_TRY(const auto key, fields.required_text("key"));
  CO_TRY(const auto value, fields.text_or("value", ""));
  CO_CHECK_OK(check_registry_tag(key, value));
  CO_CHECK_OK(co_await change_model(request, name, [key, value](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::set_model_tag(transaction, model, key, value);
  }));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto key, request.fields().required_text("key"));
  CO_CHECK_OK(co_await change_model(request, name, [key](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::remove_model_tag(transaction, model, key);
  }));
  co_return json::object();
}

io::Task<Result<json::object>> set_alias(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto name, fields.required_text("name"));
  CO_TRY(const auto alias, fields.required_text("alias"));
  CO_TRY(const auto version, version_number(fields));
  CO_CHECK_OK(check_alias(alias));
  auto set = [workspace = request.workspace, alias, version](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::set_model_alias(transaction, workspace, model, alias, version);
  };
  CO_CHECK_OK(co_await change_model(request, name, std::move(set)));
  co_return json::object();
}

io::Task<Result<json::object>> delete_alias(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto alias, request.fields().required_text("alias"));
  CO_CHECK_OK(co_await change_model(request, name, [alias](db::Transaction& transaction, const RegisteredModel& model) {
    return catalog::remove_model_alias(transaction, model, alias);
  }));
  co_return json::object();
}

bool is_latest(std::string_view alias) {
  return alias.size() == 6 && std::ranges::equal(alias, std::string_view("latest"), [](char a, char b) { return (a | 0x20) == b; });
}

/// nullopt: there is no such alias, or no version at all.
std::optional<std::int64_t> version_of_alias(const RegisteredModel& model, const std::string& alias) {
  std::optional<std::int64_t> found;
  if (is_latest(alias)) {
    for (const auto& version : model.latest) found = std::max(found.value_or(0), version.version);
    return found;
  }
  for (const auto& [name, version] : model.aliases)
    if (name == alias) found = version;
  return found;
}

io::Task<Result<json::object>> get_by_alias(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto alias, request.fields().required_text("alias"));
  auto read = [workspace = request.workspace, name, alias](db::Connection& connection) -> Result<catalog::ModelVersion> {
    TRY(const auto model, catalog::find_model(connection, workspace, name));
    const auto version = version_of_alias(model, alias);
    if (!version) return Error(ErrorCode::kInvalidInput, fmt::format("Registered model alias {} not found.", alias));
    return catalog::find_version(connection, workspace, name, *version);
  };
  CO_TRY(const auto version, co_await request.services().catalog.read(std::move(read)));
  co_return json::object{{"model_version", model_version_record(version)}};
}

io::Task<Result<json::object>> latest_versions(Request& request) {
  CO_TRY(auto name, request.fields().required_text("name"));
  CO_TRY(const auto stages, request.fields().texts("stages"));
  std::vector<std::string> wanted;
  for (const auto& stage : stages) {
    CO_TRY(wanted.emplace_back(), canonical_stage(stage));
  }
  CO_TRY(const auto model, co_await read_model(request, std::move(name)));
  json::array versions;
  for (const auto& version : model.latest)
    if (wanted.empty() || std::ranges::find(wanted, version.stage) != wanted.end()) versions.push_back(model_version_record(version));
  json::object body;
  if (!versions.empty()) body["model_versions"] = std::move(versions);
  co_return body;
}

}  // namespace

void add_registered_model_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  // What a training script does with its model; renaming and deleting is the owner's.
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  constexpr auto kOwner = api::Access::kOwner;
  const auto add = [&table](Method method, std::string_view pattern, api::Access access, Handler handler) {
    const bool has_body = method != Method::kGet && method != Method::kDelete;
    table.emplace_back(method, pattern, kBoth2, access, has_body ? Body::kJson : Body::kNone, handler);
  };
  add(Method::kPost, "mlflow/registered-models/create", kWriter, &answer_json<&create_model>);
  add(Method::kGet, "mlflow/registered-models/get", kReader, &answer_json<&get_model>);
  add(Method::kPatch, "mlflow/registered-models/update", kWriter, &answer_json<&update_model>);
  add(Method::kPost, "mlflow/registered-models/rename", kOwner, &answer_json<&rename_model>);
  add(Method::kDelete, "mlflow/registered-models/delete", kOwner, &answer_json<&delete_model>);
  add(Method::kPost, "mlflow/registered-models/set-tag", kWriter, &answer_json<&set_tag>);
  add(Method::kDelete, "mlflow/registered-models/delete-tag", kWriter, &answer_json<&delete_tag>);
  add(Method::kPost, "mlflow/registered-models/alias", kWriter, &answer_json<&set_alias>);
  add(Method::kDelete, "mlflow/registered-models/alias", kWriter, &answer_json<&delete_alias>);
  add(Method::kGet, "mlflow/registered-models/alias", kReader, &answer_json<&get_by_alias>);
  add(Method::kPost, "mlflow/registered-models/get-latest-versions", kReader, &answer_json<&latest_versions>);
  add(Method::kGet, "mlflow/registered-models/get-latest-versions", kReader, &answer_json<&latest_versions>);
}

}  // namespace stoker::mlflow
