#include "supervisor/outcome.hpp"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::size_t kMaxTrace = 3000;
constexpr std::size_t kMaxMessage = 1000;
// A traceback further from the end was printed by a program that went on.
constexpr std::size_t kNearEnd = 8192;
constexpr std::string_view kTraceback = "Traceback (most recent call last):";

// Only names that differ; from the projects' own installation pages.
constexpr std::pair<std::string_view, std::string_view> kPackages[] = {{"sklearn", "scikit-learn"},
                                                                       {"skimage", "scikit-image"},
                                                                       {"cv2", "opencv-python"},
                                                                       {"PIL", "pillow"},
                                                                       {"yaml", "PyYAML"},
                                                                       {"bs4", "beautifulsoup4"},
                                                                       {"dateutil", "python-dateutil"},
                                                                       {"dotenv", "python-dotenv"},
                                                                       {"google.protobuf", "protobuf"},
                                                                       {"Crypto", "pycryptodome"},
                                                                       {"serial", "pyserial"},
                                                                       {"git", "GitPython"},
                                                                       {"jwt", "PyJWT"},
                                                                       {"attr", "attrs"},
                                                                       {"docx", "python-docx"},
                                                                       {"pptx", "python-pptx"},
                                                                       {"MySQLdb", "mysqlclient"},
                                                                       {"psycopg2", "psycopg2-binary"},
                                                                       {"OpenSSL", "pyOpenSSL"},
                                                                       {"zmq", "pyzmq"},
                                                                       {"umap", "umap-learn"},
                                                                       {"imblearn", "imbalanced-learn"},
                                                                       {"faiss", "faiss-cpu"},
                                                                       {"pytorch_lightning", "pytorch-lightning"},
                                                                       {"tensorflow_datasets", "tensorflow-datasets"},
                                                                       {"sentence_transformers", "sentence-transformers"},
                                                                       {"huggingface_hub", "huggingface-hub"},
                                                                       {"fitz", "PyMuPDF"},
                                                                       {"osgeo", "GDAL"},
                                                                       {"Bio", "biopython"},
                                                                       {"magic", "python-magic"},
                                                                       {"slugify", "python-slugify"},
                                                                       {"win32api", "pywin32"},
                                                                       {"pkg_resources", "setuptools"},
                                                                       {"mpl_toolkits", "matplotlib"},
                                                                       {"horovod", "horovod"}};

struct Python {
  std::string type;     // "ValueError"
  std::string message;  // what follows the colon, first line
  std::string trace;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The last `limit` bytes of valid UTF-8, from the beginning of a character.
std::string last_part(std::string_view bytes, std::size_t limit) {
  auto text = to_valid_utf8(bytes.substr(bytes.size() > limit ? bytes.size() - limit : 0));
  while (text.ends_with('\n')) text.pop_back();
  if (text.size() <= limit) return text;
  auto from = text.size() - limit;
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U) ++from;
  return text.substr(from);
}

std::string first_part(std::string_view bytes, std::size_t limit) {
  auto text = to_valid_utf8(bytes);
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return text.substr(0, limit) + "…";
}

bool is_name(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) != 0) return false;
  return std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c >= 0x80; });
}

// `package.SomeError: message`, or the name alone.
std::optional<Python> exception_line(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (!is_name(name)) return std::nullopt;
  if (colon != std::string_view::npos && colon + 1 < line.size() && line[colon + 1] != ' ') return std::nullopt;
  Python found;
  const auto dot = name.rfind('.');
  found.type = to_valid_utf8(dot == std::string_view::npos ? name : name.substr(dot + 1));
  if (colon != std::string_view::npos && colon + 2 <= line.size()) found.message = first_part(line.substr(colon + 2), kMaxMessage);
  return found;
}

// The last traceback: after its frames, which are indented, comes the exception. A syntax error of the script itself has frames only.
std::optional<Python> find_python_error(std::string_view output) {
  auto begin = output.rfind(kTraceback);
  if (begin == std::string_view::npos) begin = output.rfind("\n  File \"");
  if (begin == std::string_view::npos && output.starts_with("  File \"")) begin = 0;
  if (begin == std::string_view::npos) return std::nullopt;
  const auto lines = lines_of(output.substr(begin));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == ' ' || lines[i].front() == '\t') continue;
    auto found = exception_line(lines[i]);
    if (!found) continue;
    const auto rest = static_cast<std::size_t>(output.data() + output.size() - lines[i].data());
    if (rest > kNearEnd) return std::nullopt;
    found->trace = last_part(output.substr(begin), kMaxTrace);
    return found;
  }
  return std::nullopt;
}

// What is between the quotes of "No module named 'sklearn.linear_model'".
std::string missing_module(const Python& error) {
  if (error.type != "ModuleNotFoundError" && error.type != "ImportError") return {};
  constexpr std::string_view kStart = "No module named ";
  const auto at = error.message.find(kStart);
  if (at == std::string::npos) return {};
  auto name = error.message.substr(at + kStart.size());
  if (name.starts_with('\'')) name = name.substr(1, name.find('\'', 1) - 1);
  return is_name(name) ? name : std::string();
}

std::string hint_for(const Python& error) {
  if (const auto module = missing_module(error); !module.empty()) {
    if (module == "azureml" || module.starts_with("azureml."))
      return fmt::format("stoker does not provide {}; install the package that does into the environment", module);
    return fmt::format("add the package {} to the environment", package_of_module(module));
  }
  if (error.type == "MemoryError") return "the program ran out of memory; give it less data at once, or a larger machine";
  return {};
}

RunError error_of_python(Python error) {
  RunError told{"UserError", "User program failed with " + error.type, error.type, error.trace, hint_for(error)};
  if (!error.message.empty()) told.message += ": " + error.message;
  return told;
}

std::string hint_for_exit(int code) {
  if (code == 127) return "the shell did not find a command; check its name and PATH";
  if (code == 126) return "the shell found a command that may not be executed: chmod +x";
  return {};
}

RunError error_of_output(std::string message, std::string hint, std::string_view output) {
  return {"UserError", std::move(message), "", last_part(output, kMaxTrace), std::move(hint)};
}

Outcome out_of_memory(RunEnd end, const Ending& ending) {
  end.reason = EndReason::kOutOfMemory;
  end.message = "killed: out of memory";
  auto error = error_of_output("User program was killed because memory ran out",
                               "use less memory (smaller batches, fewer workers), or a larger machine", ending.last_output);
  return {std::move(end), std::move(error)};
}

Outcome stopped(RunEnd end, const Ending& ending) {
  switch (ending.cause) {
    case StopCause::kCanceled:
      end.reason = EndReason::kCanceled;
      end.message = ending.by.empty() ? "canceled" : "canceled by " + ending.by;
      return {std::move(end), std::nullopt};
    case StopCause::kTimeLimit: {
      end.reason = EndReason::kTimeLimit;
      end.message = fmt::format("killed: time limit of {} s", ending.limit_seconds);
      auto error = error_of_output(fmt::format("User program was ended at its time limit of {} s", ending.limit_seconds),
                                   "raise max_run_duration_seconds", ending.last_output);
      return {std::move(end), std::move(error)};
    }
    case StopCause::kKeeperLost: return outcome_of_lost("the process that kept it was killed");
    default: return outcome_of_lost(ending.by.empty() ? "its supervisor was stopped" : ending.by);
  }
}

Outcome exited(RunEnd end, int code, const Ending& ending) {
  end.message = fmt::format("exited with code {}", code);
  if (code == 0) return {std::move(end), std::nullopt};
  auto python = find_python_error(ending.last_output);
  auto error = python ? error_of_python(std::move(*python))
                      : error_of_output(fmt::format("User program failed with exit code {}", code), hint_for_exit(code), ending.last_output);
  if (ending.out_of_memory && error.hint.empty()) error.hint = "the kernel killed a process of this run because memory ran out";
  return {std::move(end), std::move(error)};
}

Outcome signaled(RunEnd end, int signal, const Ending& ending) {
  end.reason = EndReason::kSignaled;
  end.message = fmt::format("killed by {}", signal_name(signal));
  const std::string hint = signal == SIGKILL ? "stoker did not send it: a person, a program or the system did" : "";
  auto error = error_of_output(fmt::format("User program was killed by {} ({})", signal_name(signal), ::strsignal(signal)), hint, ending.last_output);
  return {std::move(end), std::move(error)};
}

}  // namespace

Outcome outcome_of(const Ending& ending) {
  RunEnd end;
  const int status = ending.wait_status;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  else end.exit_code = WEXITSTATUS(status);
  if (ending.cause != StopCause::kNone) return stopped(std::move(end), ending);
  // A shell gives 128 + 9 for its child's SIGKILL.
  const bool killed = end.signal == SIGKILL || end.exit_code == 128 + SIGKILL;
  if (ending.out_of_memory && killed) return out_of_memory(std::move(end), ending);
  if (end.signal) return signaled(std::move(end), WTERMSIG(status), ending);
  return exited(std::move(end), WEXITSTATUS(status), ending);
}

Outcome outcome_of_failed_start(const Error& error) {
  RunEnd end;
  end.reason = EndReason::kStartFailed;
  end.message = "could not start: " + error.message();
  const bool ours = error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kStorageFull || error.code() == ErrorCode::kIo ||
                    error.code() == ErrorCode::kSnapshotCorrupt;
  RunError told{ours ? "ServiceError" : "UserError", error.message(), "", "", error.hint_text()};
  if (!error.cause().empty()) told.message += ": " + error.cause();
  for (const auto& mistake : error.mistake_list()) told.message += fmt::format("\n{}: {}", mistake.path, mistake.message);
  return {std::move(end), std::move(told)};
}

Outcome outcome_of_lost(std::string why) {
  RunEnd end;
  end.reason = EndReason::kLost;
  end.message = "lost: " + why;
  RunError error{"ServiceError", "The run was lost: " + why, "", "", "submit it again"};
  return {std::move(end), std::move(error)};
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string package_of_module(std::string_view module) {
  for (const auto& [name, package] : kPackages) {
    if (module == name || (module.starts_with(name) && module[name.size()] == '.')) return std::string(package);
  }
  return std::string(module.substr(0, module.find('.')));
}

}  // namespace stoker::supervisor
