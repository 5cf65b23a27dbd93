#pragma once
// The two kinds of frames between server and supervisor (FORMAT.md): a JSON control message, or a batch of journal records.
// Framing itself is io/frame.hpp.

#include <string>

#include "base/result.hpp"
#include "domain/ids.hpp"
#include "io/frame.hpp"

namespace stoker::protocol {

using io::Frame;
using io::FrameKind;

/// What a supervisor asks for in `Upgrade:`.
inline constexpr std::string_view kUpgradeName = "stoker-supervisor/1";
/// A batch's records stay below this, so that the frame stays below io::kMaxFrameBytes.
inline constexpr std::size_t kMaxBatchBytes = 1U << 20;

/// Records of one attempt in the wire form of record.hpp, in the order of their numbers.
struct RecordsBatch {
  RunId run;
  int attempt = 0;
  std::string bytes;
};

/// [u16 length of the run's id][run id][u32 attempt][records]
Frame to_frame(const RecordsBatch& batch);
/// kProtocol for anything else than a well-formed kRecords frame. The records themselves are checked by decode_all.
Result<RecordsBatch> parse_records_batch(const Frame& frame);

}  // namespace stoker::protocol
