#include "supervisor/observation/gpu_meter.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"
#include "io/process.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::size_t kLongestLine = 4096;

bool take_number(std::string_view& text, double& number) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return true;
}

}  // namespace

bool parse_gpu_line(std::string_view line, int& index, double& percent, double& memory_bytes) {
  double number = 0, mebibytes = 0;
  if (!take_number(line, number) || !take_number(line, percent) || !take_number(line, mebibytes) || !line.empty()) return false;
  index = static_cast<int>(number);
  memory_bytes = mebibytes * 1024 * 1024;
  return true;
}

GpuMeter::GpuMeter(const std::vector<int>& indices, const std::string& path, std::chrono::seconds period) {
  const auto program = indices.empty() ? std::nullopt : io::find_program("nvidia-smi", path);
  if (!program) return;
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
  output_ = io::Fd(pipe[0]);
  const io::Fd writer(pipe[1]);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  io::SpawnOptions options;
  options.arguments = {*program, fmt::format("--id={}", fmt::join(indices, ",")), "--query-gpu=index,utilization.gpu,memory.used",
                       "--format=csv,noheader,nounits", fmt::format("--loop={}", period.count())};
  options.environment = {"PATH=" + path, "LC_ALL=C"};
  options.standard_output = writer.get();
  const auto started = io::spawn(options);
  if (started) process_ = *started;
  else log::warning("supervisor", "no GPU samples", {{"cause", started.error().to_line()}});
}

GpuMeter::~GpuMeter() {
  if (process_ <= 0) return;
  ::kill(-process_, SIGKILL);  // its session
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void GpuMeter::take_lines() {
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto count = output_.is_open() ? ::read(output_.get(), buffer.data(), buffer.size()) : 0;
    if (count <= 0) break;
    rest_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    int index = 0;
    Reading reading;
    if (parse_gpu_line(std::string_view(rest_).substr(0, end), index, reading.percent, reading.memory_bytes)) latest_[index] = reading;
    rest_.erase(0, end + 1);
  }
  if (rest_.size() > kLongestLine) rest_.clear();
}

void GpuMeter::add_to(json::object& values) {
  take_lines();
  for (const auto& [index, reading] : latest_) {
    values[fmt::format("gpu_{}_percent", index)] = reading.percent;
    values[fmt::format("gpu_{}_memory_bytes", index)] = reading.memory_bytes;
  }
}

}  // namespace stoker::supervisor
