#pragma once
// A snapshot laid down while its pack is still being downloaded; some megabytes lie between the two, then the download waits.

#include <functional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace stoker::snapshots {

/// Takes the next bytes of the pack; false: no more are wanted.
using TakeBytes = std::function<bool(std::string_view)>;

/// `download` runs on a thread of its own until the pack's end or until `take` says false. `directory` and errors as for materialize(); an
/// error of the download counts more than what it did to the reader. Blocking.
Status lay_down(const std::function<Status(const TakeBytes& take)>& download, const Digest& root, const std::string& directory);

}  // namespace stoker::snapshots
