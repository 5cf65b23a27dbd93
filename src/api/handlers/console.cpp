#include "api/handlers/console.hpp"

#include <limits>

#include <fmt/format.h>

#include "api/handlers/run_log.hpp"
#include "api/router.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kMostBytes = 16U << 20;
constexpr std::size_t kMostPieces = 100'000;
constexpr std::size_t kMostMistakes = 50;
constexpr std::int64_t kMostWriter = std::numeric_limits<std::int32_t>::max();

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  if (text.size() % 2 != 0) return std::nullopt;
  return bytes;
}

runs::OutputPiece read_piece(const json::value& value, const std::string& path, Time now, std::vector<Mistake>& mistakes) {
  runs::OutputPiece piece;
  FieldReader reader(value, path, mistakes);
  const auto stream = reader.text("stream", "stdout");
  if (stream != "stdout" && stream != "stderr") reader.mistake("stream", "must be stdout or stderr");
  piece.stream = static_cast<std::uint8_t>(stream_number(stream));
  piece.time = reader.optional_time("time").value_or(now);
  auto text = reader.optional_text("text");
  const auto hex = reader.optional_text("hex");
  if (text.has_value() == hex.has_value()) reader.mistake("text", "either text or hex is needed");
  if (hex) text = from_hex(*hex);
  if (!text && hex) reader.mistake("hex", "must be pairs of lower-case hexadecimal digits");
  piece.data = std::move(text).value_or("");
  return piece;
}

Result<runs::ConsoleCall> parse_output(const std::string& text, Time now) {
  TRY(const auto body, parse_json(text));
  std::vector<Mistake> mistakes;
  runs::ConsoleCall call;
  {
    FieldReader reader(body, "", mistakes);
    call.writer = static_cast<std::uint32_t>(reader.integer("writer", 1, kMostWriter));
    auto offset = static_cast<std::uint64_t>(reader.integer("offset", 0, std::numeric_limits<std::int64_t>::max() / 2));
    const auto* pieces = reader.child("pieces");
    if (pieces == nullptr || !pieces->is_array() || pieces->get_array().size() > kMostPieces) {
      reader.mistake("pieces", fmt::format("must be an array of at most {}", kMostPieces));
      pieces = nullptr;
    }
    for (std::size_t i = 0; pieces != nullptr && i < pieces->get_array().size() && mistakes.size() < kMostMistakes; ++i) {
      auto piece = read_piece(pieces->get_array()[i], fmt::format("pieces[{}]", i), now, mistakes);
      piece.offset = offset;
      offset += piece.data.size();
      call.pieces.push_back(std::move(piece));
    }
  }
  CHECK_OK(mistakes_to_status("the output is wrong", std::move(mistakes)));
  return call;
}

}  // namespace

const Spec<OpenConsole::Input>& OpenConsole::spec() {
  static const auto spec =
      Spec<Input>("The number of a new writer of an interactive run's output. From its first byte on those before it are refused.")
          .path("run", &Input::run, "the run's id")
          .answers(200, "ConsoleWriter");
  return spec;
}

io::Task<Result<json::object>> OpenConsole::process(Call& call, Input input) {
  CO_TRY(const auto writer, co_await call.services.runs.open_console(std::move(input.run)));
  co_return json::object{{"writer", writer}};
}

const Spec<WriteLog::Input>& WriteLog::spec() {
  static const auto spec = Spec<Input>(
                               "Output of an interactive run. On disk when this answers; the same bytes again change nothing. "
                               "A run that has ended takes what comes late.")
                               .path("run", &Input::run, "the run's id")
                               .stream("application/json", "Output")
                               .answers(200, "OutputStored");
  return spec;
}

io::Task<Result<json::object>> WriteLog::process(Call& call, Input input) {
  CO_TRY(const auto text, co_await read_body(call.body, kMostBytes));
  auto parse = [&text, now = call.services.clock.now()] { return parse_output(text, now); };
  CO_TRY(auto output, co_await io::blocking(call.services.pool, parse));
  const auto end = output.pieces.empty() ? 0 : output.pieces.back().offset + output.pieces.back().data.size();
  CO_CHECK_OK(co_await call.services.runs.write_console(std::move(input.run), std::move(output)));
  co_return json::object{{"offset", end}};
}

}  // namespace stoker::api
