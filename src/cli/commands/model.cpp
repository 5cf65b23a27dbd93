// The commands of the noun `model`; a model is named NAME (its newest version) or NAME:VERSION.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/random.hpp"
#include "base/units.hpp"
#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"
#include "io/file.hpp"
#include "io/url.hpp"

namespace stoker::cli {
namespace {

class ModelCommand : public Command {
 protected:
  void declare_workspace(Arguments& arguments) {
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }
  void declare_model(Arguments& arguments) { arguments.operand("MODEL", model_, "NAME for the newest version, or NAME:VERSION", Values::kModel); }

  Status connect(Context& context) {
    TRY(auto client, context.connect());
    client_.emplace(std::move(client));
    TRY(id_, workspace_id(*client_, workspace_));
    return ok();
  }
  std::string models_target() const { return fmt::format("/api/v1/workspaces/{}/models", id_); }
  std::string target() const {
    const auto colon = model_.rfind(':');
    const auto name = model_.substr(0, colon);
    const auto version = colon == std::string::npos ? "latest" : model_.substr(colon + 1);
    return fmt::format("{}/{}/versions/{}", models_target(), io::percent_encode(name), io::percent_encode(version));
  }

  std::string workspace_, model_, id_;
  std::optional<client::Client> client_;
};

std::string labels_text(const json::object& record, std::string_view field) {
  std::string text;
  const auto* labels = record.if_contains(field);
  if (labels == nullptr || !labels->is_object()) return text;
  for (const auto& [key, value] : labels->get_object())
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", std::string_view(key), value.is_string() ? std::string_view(value.get_string()) : "");
  return text;
}

Result<json::object> label_map(const std::vector<std::string>& pairs) {
  json::object labels;
  for (const auto& pair : pairs) {
    TRY(const auto cut, split_pair(pair));
    labels[cut.first] = cut.second;
  }
  return labels;
}

class ModelList final : public ModelCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "only the versions of this model", Values::kModel, false);
    arguments.flag("-l,--latest", latest_, "only the newest version of each");
    arguments.text("--run", "RUN", run_, "only those of this run", Values::kRun);
    arguments.texts("--tag", "KEY[=VALUE]", tags_, "only with this tag; may be repeated");
    arguments.texts("--property", "KEY[=VALUE]", properties_, "only with this property; may be repeated");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    CHECK_OK(connect(context));
    auto query = fmt::format("?latest={}", latest_);
    if (!name_.empty()) query += "&name=" + io::percent_encode(name_);
    if (!run_.empty()) {
      TRY(const auto run, client::resolve_run(*client_, run_));
      query += "&run=" + io::percent_encode(client::run_id(run).text());
    }
    for (const auto& tag : tags_) query += "&tag=" + io::percent_encode(tag);
    for (const auto& property : properties_) query += "&property=" + io::percent_encode(property);
    TRY(const auto record, client_->call("GET", models_target() + query));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"MODEL"}, {"VERSION", true}, {"REGISTERED"}, {"RUN", false, true}, {"TAGS", false, true}});
    for (const auto& item : client::array_of(record, "models")) {
      if (!item.is_object()) continue;
      const auto& model = item.get_object();
      table.add({client::text_of(model, "name"), std::to_string(client::integer_of(model, "version")), client::text_of(model, "created_at"),
                 client::text_of(model, "run_id"), labels_text(model, "tags")});
    }
    if (table.empty()) context.say("no models; `stoker model register NAME PATH --run RUN` makes one");
    else context.out.write(table.render(context.out.terminal()));
    return 0;
  }

 private:
  std::string name_, run_;
  bool latest_ = false;
  std::vector<std::string> tags_, properties_;
};

class ModelShow final : public ModelCommand {
 public:
  void declare(Arguments& arguments) override {
    declare_model(arguments);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    CHECK_OK(connect(context));
    TRY(auto model, client_->call("GET", target()));
    auto files = client_->call("GET", target() + "/files");
    if (context.as_json) {
      model["files"] = files ? json::value(client::array_of(*files, "files")) : json::value(nullptr);
      context.print(model);
      return 0;
    }
    std::string aliases;
    for (const auto& alias : client::array_of(model, "aliases"))
      if (alias.is_string()) aliases += fmt::format("{}{}", aliases.empty() ? "" : " ", std::string_view(alias.get_string()));
    context.out.line(client::text_of(model, "id"));
    context.out.write(key_values({{"registered", client::text_of(model, "created_at")},
                                  {"by", client::text_of(model, "created_by")},
                                  {"description", client::text_of(model, "description")},
                                  {"run", client::text_of(model, "run_id")},
                                  {"source", client::text_of(model, "source")},
                                  {"stage", client::text_of(model, "stage")},
                                  {"aliases", aliases},
                                  {"tags", labels_text(model, "tags")},
                                  {"properties", labels_text(model, "properties")},
                                  {"details", labels_text(model, "details")}}));
    if (!files) {
      context.say(files.error().to_terminal());
      return 0;
    }
    Table table({{"FILE", false, true}, {"SIZE", true}});
    for (const auto& item : client::array_of(*files, "files")) {
      if (!item.is_object()) continue;
      table.add({client::text_of(item.get_object(), "path"),
                 format_bytes(static_cast<std::uint64_t>(client::integer_of(item.get_object(), "size_bytes")))});
    }
    context.out.write(table.render(context.out.terminal()));
    return 0;
  }
};

class ModelRegister final : public ModelCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", model_, "the model; letters, digits, -, _ and .", Values::kModel);
    arguments.operand("PATH", path_, "a file or folder of this machine; with --run, of the run", Values::kAny);
    arguments.text("--run", "RUN", run_, "of this run; nothing is copied", Values::kRun);
    arguments.text("-d,--description", "TEXT", description_, "for people");
    arguments.texts("--tag", "KEY=VALUE", tags_, "may be repeated");
    arguments.texts("--property", "KEY=VALUE", properties_, "written once; may be repeated");
    arguments.text("--framework", "NAME", framework_, "ScikitLearn, PyTorch, TensorFlow …");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto tags, label_map(tags_));
    TRY(auto properties, label_map(properties_));
    CHECK_OK(connect(context));
    json::object body{{"name", model_},
                      {"description", description_},
                      {"tags", std::move(tags)},
                      {"properties", std::move(properties)},
                      {"created_by", user_at_host()}};
    if (!framework_.empty()) body["details"] = json::object{{"framework", framework_}};
    if (!run_.empty()) {
      TRY(const auto run, client::resolve_run(*client_, run_));
      body["run"] = client::run_id(run).text();
      body["path"] = path_;
    } else {
      TRY(body["upload"], send(context));
      body["path"] = base_;
    }
    const json::value request(std::move(body));
    TRY(const auto made, client_->call("POST", models_target(), &request));
    if (context.as_json) context.print(made);
    else {
      context.out.line(client::text_of(made, "id"));
      context.say(fmt::format("registered; `stoker model show {}`", client::text_of(made, "id")));
    }
    return 0;
  }

 private:
  /// The name of the upload.
  Result<std::string> send(Context& context) {
    namespace fs = std::filesystem;
    std::error_code failure;
    const auto path = fs::canonical(path_, failure);
    if (failure) return Error(ErrorCode::kNotFound, fmt::format("there is no file or folder {}", path_)).hint("--run RUN registers a file of a run");
    base_ = path.filename().string();
    std::vector<std::pair<std::string, std::string>> files;
    if (fs::is_directory(path)) {
      for (auto each = fs::recursive_directory_iterator(path, failure); !failure && each != fs::end(each); each.increment(failure))
        if (each->is_regular_file()) files.emplace_back(base_ + "/" + each->path().lexically_relative(path).string(), each->path().string());
      if (failure) return Error(ErrorCode::kIo, fmt::format("cannot read the folder {}", path.string())).because(failure.message());
    } else {
      files.emplace_back(base_, path.string());
    }
    if (files.empty()) return Error(ErrorCode::kInvalidInput, fmt::format("the folder {} has no files", path_));
    const auto upload = SystemRandom().hex(16);
    ProgressLine progress(context.err);
    std::size_t done = 0;
    for (const auto& [name, full] : files) {
      TRY(const auto file, io::open_file(full, O_RDONLY));
      struct stat about{};
      if (::fstat(file.get(), &about) != 0) return errno_error("cannot look at " + full, errno);
      const auto place = fmt::format("/api/v1/workspaces/{}/uploads/{}/{}", id_, upload, io::percent_encode_path(name));
      CHECK_OK(client_->put_file(place, file.get(), static_cast<std::uint64_t>(about.st_size)));
      progress.show("upload", ++done, files.size(), fmt::format("{} of {} files", done, files.size()));
    }
    return upload;
  }

  std::string path_, run_, description_, framework_, base_;
  std::vector<std::string> tags_, properties_;
};

class ModelDownload final : public ModelCommand {
 public:
  void declare(Arguments& arguments) override {
    declare_model(arguments);
    arguments.text("-o,--output", "DIR", directory_, "into this folder (default: the current one)", Values::kFolder);
    arguments.flag("--force", force_, "replace files that are there");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    CHECK_OK(connect(context));
    TRY(const auto listing, client_->call("GET", target() + "/files"));
    CHECK_OK(io::make_directories(directory_, 0777));
    TRY(root_, io::open_file(directory_, O_RDONLY | O_DIRECTORY));
    std::uint64_t total = 0;
    for (const auto& item : client::array_of(listing, "files")) {
      if (!item.is_object()) continue;
      CHECK_OK(fetch(client::text_of(item.get_object(), "path"), client::text_of(item.get_object(), "sha256")));
      total += static_cast<std::uint64_t>(client::integer_of(item.get_object(), "size_bytes"));
    }
    const auto place = fmt::format("{}/{}", directory_, client::text_of(listing, "path"));
    if (context.as_json) context.print(json::object{{"path", place}, {"files", client::array_of(listing, "files")}});
    else {
      context.out.line(place);
      context.say(fmt::format("{} files, {}", client::array_of(listing, "files").size(), format_bytes(total)));
    }
    return 0;
  }

 private:
  Status fetch(const std::string& path, const std::string& sha256) {
    CHECK_OK(io::check_relative_path(path));
    if (!force_ && io::open_beneath(root_.get(), path, O_PATH))
      return Error(ErrorCode::kConflict, fmt::format("{}/{} is there already", directory_, path))
          .hint("--force replaces it, -o DIR downloads elsewhere");
    const auto temporary = fmt::format("{}.{}.part", path, SystemRandom().hex(4));
    auto written = write_to(path, temporary, sha256);
    if (written && ::renameat(root_.get(), temporary.c_str(), root_.get(), path.c_str()) != 0)
      written = errno_error(fmt::format("cannot name {}/{}", directory_, path), errno);
    if (!written) ::unlinkat(root_.get(), temporary.c_str(), 0);
    return written;
  }
  Status write_to(const std::string& path, const std::string& temporary, const std::string& sha256) {
    TRY(const auto file, io::create_beneath(root_.get(), temporary, O_WRONLY | O_CREAT | O_EXCL, 0666));
    Sha256 hash;
    CHECK_OK(client_->fetch(target() + "/files/" + io::percent_encode_path(path), [&](std::string_view bytes) -> Status {
      hash.update(bytes);
      return io::write_all(file.get(), bytes);
    }));
    if (hash.finish().hex() == sha256) return ok();
    return Error(ErrorCode::kSnapshotCorrupt, fmt::format("what came of {} is not what the record says", path)).retryable();
  }

  std::string directory_ = ".";
  bool force_ = false;
  io::Fd root_;
};

class ModelDelete final : public ModelCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("MODEL", model_, "NAME:VERSION", Values::kModel);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    if (model_.rfind(':') == std::string::npos)
      return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" names all versions", model_)).hint("say which one: NAME:VERSION");
    CHECK_OK(connect(context));
    CHECK_OK(client_->command("DELETE", target()));
    if (context.as_json) context.print(json::object{{"id", model_}});
    else context.say(fmt::format("model {} is deleted", model_));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_model_list() { return std::make_unique<ModelList>(); }
std::unique_ptr<Command> make_model_show() { return std::make_unique<ModelShow>(); }
std::unique_ptr<Command> make_model_register() { return std::make_unique<ModelRegister>(); }
std::unique_ptr<Command> make_model_download() { return std::make_unique<ModelDownload>(); }
std::unique_ptr<Command> make_model_delete() { return std::make_unique<ModelDelete>(); }

}  // namespace stoker::cli
