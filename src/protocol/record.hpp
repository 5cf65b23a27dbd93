#pragma once
// The records of a run's journal: everything that a run says. One codec for the disk of the supervisor and for the wire
// (FORMAT.md). Output bytes lie in the journal's sibling `output` and travel inside the record on the wire only.
// Numbers (`seq`) rise from 1, after a reboot of the machine with a jump; the receiver drops what it has.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/metric.hpp"
#include "domain/run.hpp"

namespace stoker::protocol {

enum class Stream : std::uint8_t { kStdout = 1, kStderr = 2, kSystem = 3 };

/// `length` bytes of output at `offset` of the run's whole output (all streams in the order of their arrival).
struct OutputRecord {
  Stream stream = Stream::kStdout;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  std::string data;  // on the wire: `length` bytes; on disk: empty
};
struct MetricRecord {
  MetricPoint point;  // its time is the script's; the record's own time is the arrival
};
struct TagRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: a tag without a value
  bool remove = false;
};
struct PropertyRecord {
  std::string key;
  std::string value;
};
/// The content was PUT and is durable at the server.
struct FileRecord {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;  // hexadecimal
  std::string origin;  // outputs, logs, upload
};
struct PhaseRecord {
  std::string name;  // snapshot, environment, run, finalize
  bool begins = true;
};
struct StateRecord {
  RunState state = RunState::kPreparing;  // Preparing, Running, Finalizing
};
/// The user's processes are all gone; said exactly once.
struct ExitedRecord {
  RunEnd end;
  std::optional<RunError> error;
};
/// The last record: everything was uploaded.
struct FinishedRecord {};
/// What the run's processes use; the names are those of docs/reference/samples.md.
struct SampleRecord {
  json::object values;  // name: number
};
struct DisplayRecord {
  std::string display_name;
};
/// run.complete(), run.fail() from inside: settles at exit.
struct IntentRecord {
  std::string outcome;  // completed, failed
  std::string message;
};

/// What the program runs in, as it was found; once, some moments after the start.
struct EnvironmentRecord {
  json::object content;  // kind, interpreter, version, packages, host, user, platform
};

using Payload = std::variant<OutputRecord, MetricRecord, TagRecord, PropertyRecord, FileRecord, PhaseRecord, StateRecord, ExitedRecord,
                             FinishedRecord, SampleRecord, DisplayRecord, IntentRecord, EnvironmentRecord>;

struct Record {
  std::uint64_t seq = 0;
  Time time;  // when the supervisor took it
  Payload payload;
};

/// Bytes of a record before its payload's own fields: length, checksum, number, time, type.
inline constexpr std::size_t kRecordHeaderBytes = 4 + 4 + 8 + 8 + 1;
/// No record is larger, so a length beyond it is damage. Writers cut output and lists of values below it.
inline constexpr std::size_t kMaxRecordBytes = 4U << 20;

/// Appends the record. `with_data`: the wire form of OutputRecord, whose data must have `length` bytes.
void encode(const Record& record, bool with_data, std::string& out);

struct Decoded {
  Record record;
  std::size_t used = 0;  // bytes of the record
};
/// The first record of `bytes`. nullopt: it is not whole (a torn tail). kSnapshotCorrupt: checksum or content is wrong.
Result<std::optional<Decoded>> decode_one(std::string_view bytes);
/// A wire batch: whole records only, else kProtocol.
Result<std::vector<Record>> decode_all(std::string_view bytes);

}  // namespace stoker::protocol
