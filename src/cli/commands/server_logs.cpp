#include <fcntl.h>

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "client/home.hpp"
#include "io/file.hpp"

namespace stoker::cli {
namespace {

class ServerLogs final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.number("-n,--lines", "N", lines_, 1, 100'000, "the last so many lines (default: 50)");
    arguments.flag("-f,--follow", follow_, "stay and print what comes");
  }

  Result<int> run(Context& context) override {
    TRY(const auto home, client::locate_home(context.variables));
    if (!io::exists(home.log_file()))
      return Error(ErrorCode::kNotFound, fmt::format("there is no log in {}", home.directory)).hint("`stoker server start` starts the server");
    auto end = size_of(home);
    const auto tail = client::log_tail(home, 0, static_cast<std::size_t>(lines_));
    if (context.as_json) {
      context.print(json::object{{"file", home.log_file()}, {"text", to_valid_utf8(tail)}});
      return 0;
    }
    if (!tail.empty()) context.out.line(tail);
    while (follow_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      end = print_from(context, home, end);
    }
    return 0;
  }

 private:
  static std::uint64_t size_of(const client::Home& home) {
    const auto file = io::open_file(home.log_file(), O_RDONLY);
    const auto size = file ? io::file_size(file->get()) : Result<std::uint64_t>(0);
    return size ? *size : 0;
  }

  static std::uint64_t print_from(Context& context, const client::Home& home, std::uint64_t begin) {
    const auto file = io::open_file(home.log_file(), O_RDONLY);
    const auto text = file ? io::read_at(file->get(), begin, 1 << 20) : Result<std::string>("");
    if (!text || text->empty()) return std::min(begin, size_of(home));
    context.out.write(*text);
    return begin + text->size();
  }

  std::int64_t lines_ = 50;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Command> make_server_logs() { return std::make_unique<ServerLogs>(); }

}  // namespace stoker::cli
