#include "catalog/registry/models.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "catalog/labels.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::catalog {
namespace {

ModelVersion read_version(const db::Row& row) {
  ModelVersion version;
  version.pk = row.integer("pk");
  version.model_pk = row.integer("model_pk");
  version.model = row.text("name");
  version.version = row.integer("version");
  version.created_at = row.time("created_at");
  version.updated_at = row.time("updated_at");
  version.stage = row.text("stage");
  version.description = row.text("description");
  version.source = row.text("source");
  version.storage = row.text("storage");
  version.run = RunId(row.text("run_id"));
  version.run_link = row.text("run_link");
  version.logged_model = row.text("logged_id");
  version.created_by = row.text("created_by");
  version.properties = labels_from_text(row.borrowed_text("properties"));
  auto details = parse_json(row.borrowed_text("details"));
  if (details && details->is_object()) version.details = std::move(details->get_object());
  return version;
}

RegisteredModel read_model(const db::Row& row) {
  RegisteredModel model;
  model.pk = row.integer("pk");
  model.name = row.text("name");
  model.created_at = row.time("created_at");
  model.updated_at = row.time("updated_at");
  model.description = row.text("description");
  model.version_count = row.integer("version_count");
  return model;
}

Error no_model(const std::string& name) {
  return {ErrorCode::kNotFound, fmt::format("Registered Model with name={} not found", to_valid_utf8(name))};
}

Error no_version(const std::string& name, std::int64_t version) {
  return {ErrorCode::kNotFound, fmt::format("Model Version (name={}, version={}) not found", to_valid_utf8(name), version)};
}

template <class T>
std::string pks_of(const std::vector<T>& all, std::int64_t T::* pk = &T::pk) {
  std::set<std::int64_t> pks;
  for (const auto& one : all) pks.insert(one.*pk);
  return fmt::format("[{}]", fmt::join(pks, ","));
}

/// Fills `tags` of every one that `statement` has rows for.
template <class T>
Status add_tags(db::Connection& connection, std::string_view statement, std::vector<T>& all) {
  if (all.empty()) return ok();
  std::unordered_map<std::int64_t, T*> by_pk;
  for (auto& one : all) by_pk[one.pk] = &one;
  return connection.visit(statement, {pks_of(all)}, [&by_pk](const db::Row& row) {
    const auto owner = by_pk.find(row.integer("owner_pk"));
    if (owner != by_pk.end()) owner->second->tags[row.text("key")] = row.text("value");
    return true;
  });
}

struct Alias {
  std::int64_t model_pk;
  std::string alias;
  std::int64_t version;
};
Result<std::vector<Alias>> aliases_of(db::Connection& connection, const std::string& model_pks) {
  return connection.read_all("aliases_of_registered_models", {model_pks},
                             [](const db::Row& row) { return Alias{row.integer("model_pk"), row.text("alias"), row.integer("version")}; });
}

Status add_labels(db::Connection& connection, std::vector<ModelVersion>& versions) {
  if (versions.empty()) return ok();
  CHECK_OK(add_tags(connection, "tags_of_model_versions", versions));
  TRY(const auto aliases, aliases_of(connection, pks_of(versions, &ModelVersion::model_pk)));
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::string>> by_version;
  for (const auto& alias : aliases) by_version[{alias.model_pk, alias.version}].push_back(alias.alias);
  for (auto& version : versions)
    if (const auto found = by_version.find({version.model_pk, version.version}); found != by_version.end()) version.aliases = found->second;
  return ok();
}

/// Of each stage the highest number.
std::vector<ModelVersion> latest_of(std::vector<ModelVersion> versions) {
  std::map<std::string, ModelVersion> by_stage;
  for (auto& version : versions) {
    auto& kept = by_stage[version.stage];
    if (version.version > kept.version) kept = std::move(version);
  }
  std::vector<ModelVersion> latest;
  for (auto& [stage, version] : by_stage) latest.push_back(std::move(version));
  return latest;
}

}  // namespace

Result<RegisteredModel> create_model(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name,
                                     const std::string& description, const Labels& tags, Time now) {
  TRY(const auto changed, transaction.connection().execute("insert_registered_model", {workspace, name, now, description}));
  if (changed == 0) {
    CHECK_OK(find_workspace(transaction, workspace));
    return Error(ErrorCode::kConflict, fmt::format("Registered Model (name={}) already exists.", name));
  }
  TRY(auto model, find_model(transaction, workspace, name));
  for (const auto& [key, value] : tags) CHECK_OK(set_model_tag(transaction, model, key, value));
  model.tags = tags;
  return model;
}

Result<RegisteredModel> find_model(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  TRY(auto found, connection.read_one("find_registered_model", {workspace, name}, read_model));
  if (!found) return no_model(name);
  std::vector<RegisteredModel> one{std::move(*found)};
  CHECK_OK(add_tags(connection, "tags_of_registered_models", one));
  CHECK_OK(complete(connection, one));
  return std::move(one.front());
}

Result<std::vector<RegisteredModel>> list_models(db::Connection& connection, const WorkspaceId& workspace) {
  TRY(auto models, connection.read_all("list_registered_models", {workspace}, read_model));
  CHECK_OK(add_tags(connection, "tags_of_registered_models", models));
  return models;
}

Status complete(db::Connection& connection, std::vector<RegisteredModel>& models) {
  if (models.empty()) return ok();
  std::unordered_map<std::int64_t, RegisteredModel*> by_pk;
  for (auto& model : models) by_pk[model.pk] = &model;
  TRY(const auto aliases, aliases_of(connection, pks_of(models)));
  for (const auto& alias : aliases) by_pk[alias.model_pk]->aliases.emplace_back(alias.alias, alias.version);
  TRY(auto versions, connection.read_all("versions_of_registered_models", {pks_of(models)}, read_version));
  std::map<std::int64_t, std::vector<ModelVersion>> by_model;
  for (auto& version : versions) by_model[version.model_pk].push_back(std::move(version));
  for (auto& [pk, all] : by_model) {
    auto latest = latest_of(std::move(all));
    CHECK_OK(add_tags(connection, "tags_of_model_versions", latest));
    by_pk[pk]->latest = std::move(latest);
  }
  return ok();
}

Status describe_model(db::Transaction& transaction, const RegisteredModel& model, const std::string& description, Time now) {
  CHECK_OK(transaction.connection().execute("describe_registered_model", {model.pk, description, now}));
  return ok();
}

Status rename_model(db::Transaction& transaction, const WorkspaceId& workspace, const RegisteredModel& model, const std::string& name, Time now) {
  auto& connection = transaction.connection();
  if (name != model.name) {
    TRY(const auto taken, connection.read_one("find_registered_model", {workspace, name}, read_model));
    if (taken) return Error(ErrorCode::kConflict, fmt::format("Registered Model (name={}) already exists.", name));
  }
  CHECK_OK(connection.execute("rename_registered_model", {model.pk, name, now}));
  CHECK_OK(connection.execute("touch_versions_of", {model.pk, now}));
  return ok();
}

Status remove_model(db::Transaction& transaction, const RegisteredModel& model) {
  CHECK_OK(transaction.connection().execute("remove_registered_model", {model.pk}));
  return ok();
}

Status set_model_tag(db::Transaction& transaction, const RegisteredModel& model, const std::string& key, const std::string& value) {
  CHECK_OK(transaction.connection().execute("set_registered_model_tag", {model.pk, key, value}));
  return ok();
}

Status remove_model_tag(db::Transaction& transaction, const RegisteredModel& model, const std::string& key) {
  CHECK_OK(transaction.connection().execute("remove_registered_model_tag", {model.pk, key}));
  return ok();
}

Status set_model_alias(db::Transaction& transaction, const WorkspaceId& workspace, const RegisteredModel& model, const std::string& alias,
                       std::int64_t version) {
  CHECK_OK(find_version(transaction, workspace, model.name, version));
  CHECK_OK(transaction.connection().execute("set_model_alias", {model.pk, alias, version}));
  return ok();
}

Status remove_model_alias(db::Transaction& transaction, const RegisteredModel& model, const std::string& alias) {
  CHECK_OK(transaction.connection().execute("remove_model_alias", {model.pk, alias}));
  return ok();
}

Result<ModelVersion> create_version(db::Transaction& transaction, const WorkspaceId& workspace, ModelVersion version, Time now) {
  auto& connection = transaction.connection();
  TRY(const auto model, connection.read_one("find_registered_model", {workspace, version.model}, read_model));
  if (!model) return no_model(version.model);
  CHECK_OK(connection.execute("count_model_version", {model->pk, now}));
  TRY(const auto counted, connection.read_one("find_registered_model", {workspace, version.model}, read_model));
  const auto number = counted ? counted->version_count : 0;
  CHECK_OK(connection.execute("insert_model_version",
                              {model->pk, number, now, version.description, version.source, version.storage, version.run, version.run_link,
                               version.logged_model, version.created_by, labels_to_text(version.properties), json::serialize(version.details)}));
  TRY(auto made, find_version(connection, workspace, version.model, number));
  for (const auto& [key, value] : version.tags) CHECK_OK(set_version_tag(transaction, made, key, value));
  made.tags = std::move(version.tags);
  return made;
}

Result<ModelVersion> find_version(db::Connection& connection, const WorkspaceId& workspace, const std::string& name, std::int64_t version) {
  TRY(auto found, connection.read_one("find_model_version", {workspace, name, version}, read_version));
  if (!found) return no_version(name, version);
  std::vector<ModelVersion> one{std::move(*found)};
  CHECK_OK(add_labels(connection, one));
  return std::move(one.front());
}

Result<std::vector<ModelVersion>> list_versions(db::Connection& connection, const WorkspaceId& workspace, const VersionChoice& choice) {
  std::vector<ModelVersion> versions;
  if (choice.run) {
    TRY(versions, connection.read_all("list_model_versions_of_run", {workspace, *choice.run}, read_version));
    if (choice.model) std::erase_if(versions, [&](const ModelVersion& version) { return version.model != *choice.model; });
  } else if (choice.model) {
    TRY(const auto model, connection.read_one("find_registered_model", {workspace, *choice.model}, read_model));
    if (!model) return versions;
    TRY(versions, connection.read_all("versions_of_registered_models", {fmt::format("[{}]", model->pk)}, read_version));
  } else {
    TRY(versions, connection.read_all("list_model_versions", {workspace}, read_version));
  }
  std::ranges::sort(versions, std::greater(), &ModelVersion::pk);
  CHECK_OK(add_labels(connection, versions));
  return versions;
}

Status update_version(db::Transaction& transaction, const ModelVersion& version, Time now) {
  CHECK_OK(transaction.connection().execute("update_model_version", {version.pk, version.description, version.stage,
                                                                     labels_to_text(version.properties), json::serialize(version.details), now}));
  CHECK_OK(transaction.connection().execute("touch_registered_model", {version.model_pk, now}));
  return ok();
}

Status remove_version(db::Transaction& transaction, const ModelVersion& version, Time now) {
  auto& connection = transaction.connection();
  CHECK_OK(connection.execute("remove_aliases_of_version", {version.model_pk, version.version}));
  CHECK_OK(connection.execute("remove_model_version", {version.pk}));
  CHECK_OK(connection.execute("touch_registered_model", {version.model_pk, now}));
  return ok();
}

Status set_version_tag(db::Transaction& transaction, const ModelVersion& version, const std::string& key, const std::string& value) {
  CHECK_OK(transaction.connection().execute("set_model_version_tag", {version.pk, key, value}));
  return ok();
}

Status remove_version_tag(db::Transaction& transaction, const ModelVersion& version, const std::string& key) {
  CHECK_OK(transaction.connection().execute("remove_model_version_tag", {version.pk, key}));
  return ok();
}

}  // namespace stoker::catalog
