#pragma once
// What the commands of the noun `datastore` share: the workspace, addresses, the list of files.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"
#include "io/url.hpp"

namespace stoker::cli {

class DatastoreCommand : public Command {
 protected:
  struct File {
    std::string path;
    std::uint64_t size = 0;
  };

  void declare_workspace(Arguments& arguments) {
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }
  /// Address of the workspace's datastores.
  Result<std::string> target_in(client::Client& client) const {
    TRY(const auto workspace, workspace_id(client, workspace_));
    return fmt::format("/api/v1/workspaces/{}/datastores", io::percent_encode(workspace));
  }
  /// Address of the one named `name_`.
  Result<std::string> target_of(client::Client& client) const {
    TRY(const auto all, target_in(client));
    return all + "/" + io::percent_encode(name_);
  }
  Result<std::vector<File>> list_files(client::Client& client, const std::string& pattern) const {
    TRY(const auto target, target_of(client));
    std::vector<File> files;
    for (std::string after;;) {
      TRY(const auto page, client.call("GET", fmt::format("{}/files?limit=100000&pattern={}&after={}", target, io::percent_encode(pattern),
                                                          io::percent_encode(after))));
      for (const auto& item : client::array_of(page, "files")) {
        if (!item.is_object()) continue;
        files.push_back(
            {client::text_of(item.get_object(), "path"), static_cast<std::uint64_t>(client::integer_of(item.get_object(), "size_bytes"))});
      }
      after = client::text_of(page, "next");
      if (after.empty()) return files;
    }
  }
  std::string name_, workspace_;
};

}  // namespace stoker::cli
