#include <filesystem>

#include "cli/commands/commands.hpp"

namespace stoker::cli {
namespace {

class Server final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("--data", "DIR", options_.data, "the data folder (default: the data of your own server)", Values::kFolder);
    arguments.text("--listen", "ADDRESS:PORT", options_.listen, "where to listen; port 0 picks a free one (default: 127.0.0.1:0)");
    arguments.flag("--personal", options_.personal, "for one person: unknown workspaces are made, token and address are kept in STOKER_HOME");
    arguments.value("--cpus", "N", "CPU slots of the local target (default: the number of cores)",
                    [this](const std::string& text) { return read_count(text, options_.cpu_slots); });
    arguments.value("--gpus", "N", "GPU slots of the local target (default: those of the machine)",
                    [this](const std::string& text) { return read_count(text, options_.gpus); });
    arguments.text("--database", "URL", options_.database_url, "postgresql://… (default: catalog.sqlite in the data folder)");
    arguments.text("--supervisor", "FILE", options_.supervisor, "the stoker-supervisor (default: beside this program)", Values::kFile);
    arguments.text("--python-tree", "DIR", options_.python_tree, "the Python packages that runs get (default: those beside this program)",
                   Values::kFolder);
  }

  Result<int> run(Context& context) override {
    if (options_.listen.empty()) options_.listen = "127.0.0.1:0";
    // A shared server has nothing to do with anybody's home, and may run where there is none.
    if (options_.personal || options_.data.empty()) {
      TRY(const auto home, client::locate_home(context.variables));
      CHECK_OK(client::prepare_home(home));
      options_.home = home.directory;
      if (options_.data.empty()) {
        CHECK_OK(client::check_data_location(home));
        options_.data = home.data_directory;
        options_.personal = true;
      }
    }
    options_.data = std::filesystem::absolute(options_.data).lexically_normal().string();
    CHECK_OK(context.hooks.serve(options_));
    return 0;
  }

 private:
  static Status read_count(const std::string& text, std::optional<int>& to) {
    std::int64_t number = 0;
    Arguments one("server");
    one.number("--count", "N", number, 0, 1'000'000, "");
    CHECK_OK(one.list()[0].take(text));
    to = static_cast<int>(number);
    return ok();
  }

  ServeOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_server() { return std::make_unique<Server>(); }

}  // namespace stoker::cli
