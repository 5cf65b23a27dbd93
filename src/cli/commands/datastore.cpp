// The commands of the noun `datastore` that are about datastores themselves.
#include <stdlib.h>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/datastore_command.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class DatastoreList final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override { declare_workspace(arguments); }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto target, target_in(client));
    TRY(const auto record, client.call("GET", target));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"DATASTORE", false, true}, {"DEFAULT"}, {"FOLDER"}});
    for (const auto& item : client::array_of(record, "datastores")) {
      if (!item.is_object()) continue;
      const auto& one = item.get_object();
      const auto* chosen = one.if_contains("is_default");
      const bool is_default = chosen != nullptr && chosen->is_bool() && chosen->get_bool();
      table.add({client::text_of(one, "name"), is_default ? "yes" : "", client::text_of(one, "path")});
    }
    context.out.write(table.render(context.out.terminal()));
    return 0;
  }
};

class DatastoreAdd final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "3 to 255 letters, digits or _");
    arguments.operand("FOLDER", folder_, "a folder on the server's machine, local or of the network", Values::kFolder);
    arguments.flag("--overwrite", overwrite_, "replace the folder that the name has now");
    arguments.flag("--default", is_default_, "make it the workspace's default");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    char* real = ::realpath(folder_.c_str(), nullptr);  // relative to here; what is only on the server's machine is absolute
    const std::string path = real == nullptr ? folder_ : real;
    ::free(real);
    TRY(const auto target, target_in(client));
    const json::value body{{"name", name_}, {"path", path}, {"overwrite", overwrite_}};
    TRY(auto record, client.call("POST", target, &body));
    if (is_default_) {
      TRY(const auto one, target_of(client));
      const json::value change{{"is_default", true}};
      TRY(record, client.call("PATCH", one, &change));
    }
    if (context.as_json) context.print(record);
    else context.say(fmt::format("datastore {} is {}{}", name_, client::text_of(record, "path"), is_default_ ? ", the default" : ""));
    return 0;
  }

 private:
  std::string folder_;
  bool overwrite_ = false, is_default_ = false;
};

class DatastoreRemove final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the datastore", Values::kDatastore);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto target, target_of(client));
    CHECK_OK(client.call("DELETE", target));
    if (context.as_json) context.print(json::object{{"removed", name_}});
    else context.say(fmt::format("datastore {} is forgotten; its files are where they were", name_));
    return 0;
  }
};

class DatastoreFiles final : public DatastoreCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the datastore", Values::kDatastore);
    arguments.operand("PATTERN", pattern_, "a file, a folder with all below it, or with *, ? and **", Values::kAny, false);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto files, list_files(client, pattern_));
    if (context.as_json) {
      json::array list;
      for (const auto& file : files) list.push_back({{"path", file.path}, {"size_bytes", file.size}});
      context.print(json::object{{"files", std::move(list)}});
      return 0;
    }
    for (const auto& file : files) context.out.line(file.path);
    if (files.empty()) context.say("no such files");
    return 0;
  }

 private:
  std::string pattern_;
};

}  // namespace

std::unique_ptr<Command> make_datastore_list() { return std::make_unique<DatastoreList>(); }
std::unique_ptr<Command> make_datastore_add() { return std::make_unique<DatastoreAdd>(); }
std::unique_ptr<Command> make_datastore_remove() { return std::make_unique<DatastoreRemove>(); }
std::unique_ptr<Command> make_datastore_files() { return std::make_unique<DatastoreFiles>(); }

}  // namespace stoker::cli
