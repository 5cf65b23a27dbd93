// Bytes as a request's head: parser, path and query, routes, every handler's field specs, ranges, tokens. No sockets.
#include <boost/asio/co_spawn.hpp>

#include "api/auth.hpp"
#include "api/handlers/run_files.hpp"
#include "api/handlers/runs.hpp"
#include "api/handlers/workspaces.hpp"
#include "api/http/proc_net.hpp"
#include "api/http/range.hpp"
#include "api/http/request_parser.hpp"
#include "api/router.hpp"
#include "api/streams/event_stream.hpp"

namespace {

using namespace stoker;
using namespace stoker::api;

void require(bool good) {
  if (!good) __builtin_trap();
}

void check_target(const Target& target) {
  for (const auto& segment : target.segments) {
    require(!segment.empty() && segment != "." && segment != ".." && is_valid_utf8(segment));
    require(segment.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos);
  }
  for (const auto& [name, value] : target.query) require(is_valid_utf8(name) && is_valid_utf8(value));
}

template <class H>
void read_fields(const Sources& sources) {
  const auto input = H::spec().read(sources);
  if (!input) require(!input.error().mistake_list().empty());
}

void read_all(const Head& head, const Target& target, const Parameters& parameters, std::string_view body) {
  const auto value = parse_json(body);
  const Sources sources{parameters, target.query, head, value ? &*value : nullptr};
  read_fields<ListRuns>(sources);
  read_fields<SubmitRun>(sources);
  read_fields<SubmitRuns>(sources);
  read_fields<UpdateRun>(sources);
  read_fields<PutFile>(sources);
  read_fields<CreateWorkspace>(sources);
}

void check_range(std::string_view text, std::uint64_t size) {
  const auto [kind, range] = choose_range(text, size);
  require(range.offset <= size && range.length <= size - range.offset);
  matches_etag(text, "\"a\"");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Tokens tokens("owner", "secret", "place");
  RequestParser parser(32U << 10);
  Head head;
  const auto used = parser.feed_head(bytes, head);
  if (used && parser.head_is_done()) {
    const auto rest = bytes.substr(*used);
    tokens.identify(head.find("authorization").value_or(""));
    if (const auto range = head.find("range")) check_range(*range, size);
    if (const auto id = head.find("last-event-id"); id && parse_position(*id)) require(to_text(*parse_position(*id)) == *id);
    if (const auto target = parse_target(head.target())) {
      check_target(*target);
      Parameters parameters;
      std::string allowed;
      match(routes(), head.handled_method(), target->segments, parameters, allowed);
      read_all(head, *target, parameters, rest);
    }
    std::string out;
    if (parser.is_chunked()) parser.feed_chunks(rest, out);
  }
  check_range(bytes, 1000);
  parse_socket_table(bytes);
  require(showable(bytes, false) <= size);
  if (const auto target = parse_target(bytes)) check_target(*target);
  return 0;
}
