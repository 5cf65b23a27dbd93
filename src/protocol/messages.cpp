#include "protocol/messages.hpp"

#include <fmt/format.h>

#include "protocol/wire.hpp"

namespace stoker::protocol {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

json::object object_of(std::string_view type) {
  json::object body;
  body["type"] = type;
  return body;
}
json::object object_of(std::string_view type, const RunId& run, int attempt) {
  auto body = object_of(type);
  body["run"] = run.text();
  body["attempt"] = attempt;
  return body;
}

void read_attempt(FieldReader& fields, RunId& run, int& attempt) {
  run = RunId(fields.text("run"));
  attempt = static_cast<int>(fields.integer("attempt", 0, 1'000'000'000));
  if (run.text().size() > 256 || run.text().find('/') != std::string::npos) fields.mistake("run", "is not a run's id");
}

std::vector<int> read_indices(FieldReader& fields, std::string_view name) {
  std::vector<int> indices;
  const auto* list = fields.child(name);
  if (list == nullptr) return indices;
  if (!list->is_array()) {
    fields.mistake(name, "must be a list of numbers");
    return indices;
  }
  for (const auto& item : list->get_array()) {
    if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() > 1'000'000) fields.mistake(name, "must be a list of numbers");
    else indices.push_back(static_cast<int>(item.get_int64()));
  }
  return indices;
}

json::object write(const StartMessage& start) {
  auto body = object_of("start", start.run, start.attempt);
  auto spec = to_json(start.spec);
  if (start.spec.data.empty()) spec.erase("data");  // a supervisor of version 2 does not know the field
  body["spec"] = std::move(spec);
  body["gpu_indices"] = json::value_from(start.gpu_indices);
  body["host_gpus"] = start.host_gpus;
  body["run_token"] = start.run_token;
  body["server_url"] = start.server_url;
  body["identity_variables"] = stoker::to_json(start.identity_variables);
  if (start.data.empty()) return body;
  json::array data;
  for (const auto& plan : start.data) data.push_back(stoker::to_json(plan));
  body["data"] = std::move(data);
  return body;
}
std::vector<DataPlan> read_plans(FieldReader& fields, std::vector<Mistake>& mistakes) {
  std::vector<DataPlan> plans;
  const auto* list = fields.child("data");
  if (list == nullptr) return plans;
  if (!list->is_array()) fields.mistake("data", "must be a list");
  else
    for (const auto& item : list->get_array()) plans.push_back(read_data_plan(item, fields.path_of("data"), mistakes));
  return plans;
}
StartMessage read_start(FieldReader& fields, std::vector<Mistake>& mistakes) {
  StartMessage start;
  read_attempt(fields, start.run, start.attempt);
  if (const auto* spec = fields.child("spec"); spec != nullptr) start.spec = read_run_spec(*spec, fields.path_of("spec"), mistakes);
  else fields.mistake("spec", "is missing");
  start.gpu_indices = read_indices(fields, "gpu_indices");
  start.host_gpus = fields.integer("host_gpus", 0, 1'000'000, 0);
  start.run_token = fields.text("run_token", "");
  start.server_url = fields.text("server_url", "");
  start.identity_variables = fields.text_map("identity_variables");
  start.data = read_plans(fields, mistakes);
  return start;
}

json::value status_to_json(const std::optional<AttemptStatus>& status) {
  if (!status) return nullptr;
  json::object body;
  body["run"] = status->run.text();
  body["attempt"] = status->attempt;
  body["last_seq"] = status->last_seq;
  body["acked_seq"] = status->acked_seq;
  return body;
}
std::optional<AttemptStatus> read_status(FieldReader& fields, std::vector<Mistake>& mistakes) {
  const auto* value = fields.child("current");
  if (value == nullptr) return std::nullopt;
  AttemptStatus status;
  FieldReader inner(*value, fields.path_of("current"), mistakes);
  inner.ignore_unknown();
  read_attempt(inner, status.run, status.attempt);
  status.last_seq = static_cast<std::uint64_t>(inner.integer("last_seq", 0, kMax));
  status.acked_seq = static_cast<std::uint64_t>(inner.integer("acked_seq", 0, kMax));
  return status;
}

json::object write(const HelloMessage& hello) {
  auto body = object_of("hello");
  body["version"] = hello.version;
  body["supervisor_id"] = hello.supervisor_id;
  body["boot_id"] = hello.boot_id;
  body["pid"] = hello.pid;
  body["start_time"] = hello.start_time;
  body["build"] = hello.build;
  body["current"] = status_to_json(hello.current);
  return body;
}
HelloMessage read_hello(FieldReader& fields, std::vector<Mistake>& mistakes) {
  HelloMessage hello;
  hello.version = static_cast<int>(fields.integer("version", 0, 1'000'000));
  hello.supervisor_id = fields.text("supervisor_id");
  hello.boot_id = fields.text("boot_id", "");
  hello.pid = fields.integer("pid", 0, kMax, 0);
  hello.start_time = static_cast<std::uint64_t>(fields.integer("start_time", 0, kMax, 0));
  hello.build = fields.text("build", "");
  hello.current = read_status(fields, mistakes);
  return hello;
}

json::object write(const WelcomeMessage& welcome) {
  auto body = object_of("welcome");
  body["version"] = welcome.version;
  body["server_instance"] = welcome.server_instance;
  return body;
}
WelcomeMessage read_welcome(FieldReader& fields) {
  WelcomeMessage welcome;
  welcome.version = static_cast<int>(fields.integer("version", 0, 1'000'000));
  welcome.server_instance = fields.text("server_instance", "");
  return welcome;
}

json::object write(const AckMessage& ack) {
  auto body = object_of("ack", ack.run, ack.attempt);
  body["seq"] = ack.seq;
  return body;
}
AckMessage read_ack(FieldReader& fields) {
  AckMessage ack;
  read_attempt(fields, ack.run, ack.attempt);
  ack.seq = static_cast<std::uint64_t>(fields.integer("seq", 0, kMax));
  return ack;
}

json::object write(const CancelMessage& cancel) {
  auto body = object_of("cancel", cancel.run, cancel.attempt);
  body["grace_seconds"] = cancel.grace_seconds;
  body["by"] = cancel.by;
  return body;
}
CancelMessage read_cancel(FieldReader& fields) {
  CancelMessage cancel;
  read_attempt(fields, cancel.run, cancel.attempt);
  cancel.grace_seconds = fields.integer("grace_seconds", 0, 86'400, 10);
  cancel.by = fields.text("by", "");
  return cancel;
}

json::object write(const ReleaseMessage& release) { return object_of("release", release.run, release.attempt); }
ReleaseMessage read_release(FieldReader& fields) {
  ReleaseMessage release;
  read_attempt(fields, release.run, release.attempt);
  return release;
}

json::object write(const IdleMessage&) { return object_of("idle"); }
json::object write(const QuitMessage&) { return object_of("quit"); }

json::object write(const RefusedMessage& refused) {
  auto body = object_of("refused", refused.run, refused.attempt);
  body["reason"] = refused.reason;
  body["fatal"] = refused.fatal;
  return body;
}
RefusedMessage read_refused(FieldReader& fields) {
  RefusedMessage refused;
  refused.reason = fields.text("reason", "");
  refused.fatal = fields.boolean("fatal", false);
  refused.run = RunId(fields.text("run", ""));
  refused.attempt = static_cast<int>(fields.integer("attempt", 0, 1'000'000'000, 0));
  return refused;
}

std::optional<Message> read_as(std::string_view type, FieldReader& fields, std::vector<Mistake>& mistakes) {
  if (type == "start") return read_start(fields, mistakes);
  if (type == "hello") return read_hello(fields, mistakes);
  if (type == "welcome") return read_welcome(fields);
  if (type == "ack") return read_ack(fields);
  if (type == "cancel") return read_cancel(fields);
  if (type == "release") return read_release(fields);
  if (type == "idle") return IdleMessage{};
  if (type == "quit") return QuitMessage{};
  if (type == "refused") return read_refused(fields);
  return std::nullopt;
}

}  // namespace

Status check_version(int version) {
  if (version >= kOldestVersion && version <= kVersion) return ok();
  return Error(ErrorCode::kProtocol, fmt::format("the other side speaks version {} of the supervisor protocol, this one speaks {} to {}", version,
                                                 kOldestVersion, kVersion))
      .hint("let stoker and stoker-supervisor come from the same release, or from neighbouring ones");
}

json::object to_json(const Message& message) {
  return std::visit([](const auto& one) { return write(one); }, message);
}

Result<Message> parse_message(const json::value& value) {
  std::vector<Mistake> mistakes;
  std::optional<Message> message;
  std::string type;
  {
    FieldReader fields(value, "", mistakes);
    fields.ignore_unknown();
    type = fields.text("type");
    message = read_as(type, fields, mistakes);
  }
  if (mistakes.empty() && message) return std::move(*message);
  if (mistakes.empty())
    return Error(ErrorCode::kProtocol, fmt::format("the message type \"{}\" is unknown", to_valid_utf8(std::string_view(type).substr(0, 100))));
  return Error(ErrorCode::kProtocol, "a message of the supervisor protocol is wrong").mistakes(std::move(mistakes));
}

Frame to_frame(const Message& message) { return Frame{FrameKind::kControl, json::serialize(to_json(message))}; }

Result<Message> parse_message(const Frame& frame) {
  if (frame.kind != FrameKind::kControl) return Error(ErrorCode::kProtocol, "a control message was expected, records came");
  auto value = parse_json(frame.payload);
  if (!value) return Error(ErrorCode::kProtocol, "a message of the supervisor protocol is not JSON").because(std::move(value).error());
  return parse_message(*value);
}

Frame to_frame(const RecordsBatch& batch) {
  Frame frame{FrameKind::kRecords, {}};
  frame.payload.reserve(batch.bytes.size() + batch.run.text().size() + 6);
  wire::put(frame.payload, static_cast<std::uint16_t>(batch.run.text().size()));
  frame.payload.append(batch.run.text());
  wire::put(frame.payload, static_cast<std::uint32_t>(batch.attempt));
  frame.payload.append(batch.bytes);
  return frame;
}

Result<RecordsBatch> parse_records_batch(const Frame& frame) {
  wire::Reader in(frame.payload);
  RecordsBatch batch;
  batch.run = RunId(std::string(in.take(in.number<std::uint16_t>())));
  const auto attempt = in.number<std::uint32_t>();
  if (frame.kind != FrameKind::kRecords || !in.good() || batch.run.empty() || batch.run.text().size() > 256 || attempt > 1'000'000'000) {
    return Error(ErrorCode::kProtocol, "a batch of records is malformed");
  }
  batch.attempt = static_cast<int>(attempt);
  batch.bytes = std::string(in.rest());
  return batch;
}

std::string attempt_key(const RunId& run, int attempt) { return fmt::format("{}.{}", run.text(), attempt); }

}  // namespace stoker::protocol
