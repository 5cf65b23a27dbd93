#include "data/laying.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "data/dataset_files.hpp"
#include "data/folder.hpp"
#include "io/file.hpp"

namespace stoker::data {
namespace {

Status stopped(const std::atomic<bool>& stop) { return stop ? Status(Error(ErrorCode::kCanceled, "the run is to end")) : ok(); }

/// From one open file to another; shares the blocks where the file system can.
Status copy_bytes(int from, int to, const std::atomic<bool>& stop) {
  constexpr std::size_t kPiece = 8U << 20;
  for (;;) {
    CHECK_OK(stopped(stop));
    const auto count = ::copy_file_range(from, nullptr, to, nullptr, kPiece, 0);
    if (count == 0) return ok();
    if (count > 0) continue;
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return errno_error("cannot copy", errno);
    break;
  }
  std::string piece(1U << 20, '\0');
  for (;;) {
    CHECK_OK(stopped(stop));
    const auto count = ::read(from, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("cannot read", errno);
    if (count == 0) return ok();
    CHECK_OK(io::write_all(to, std::string_view(piece).substr(0, static_cast<std::size_t>(count))));
  }
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Where a binding lies on this machine.
std::string place_of(const DataBinding& binding, const Places& places) {
  if (binding.path_on_compute.empty()) return places.own + "/" + std::string(to_text(binding.role)) + "_" + binding.name;
  if (binding.path_on_compute.starts_with('/')) return binding.path_on_compute;
  return places.work + "/" + binding.path_on_compute;
}

/// Nothing of the user's is replaced: the place must be free.
Status check_free(const std::string& place) {
  struct stat info{};
  if (::lstat(place.c_str(), &info) != 0 && errno == ENOENT) return ok();
  if (S_ISDIR(info.st_mode) && ::rmdir(place.c_str()) == 0) return ok();  // an empty folder
  return Error(ErrorCode::kConflict, fmt::format("{} is there already, so data cannot be laid out there", place))
      .hint("give another path_on_compute, or none");
}

Status link_to(const std::string& target, const std::string& place) {
  CHECK_OK(io::make_directories(parent_of(place)));
  if (::symlink(target.c_str(), place.c_str()) != 0) return errno_error(fmt::format("cannot make the link {}", place), errno);
  return ok();
}

Status copy_to(const DatasetFile& file, int root, const std::string& name, const std::atomic<bool>& stop) {
  TRY(const auto folder, Folder::open(file.source.root));
  TRY(const auto from, folder.open_file(file.source.path));
  TRY(const auto to, io::create_beneath(root, name, O_WRONLY | O_EXCL, 0644));
  return copy_bytes(from.get(), to.get(), stop);
}

/// The files of a dataset or of a reference in a folder of their own, as links or copies.
Status lay_files(const std::vector<DatasetFile>& files, bool as_links, const std::string& place, const std::atomic<bool>& stop) {
  CHECK_OK(io::make_directories(place));
  TRY(const auto root, io::open_file(place, O_RDONLY | O_DIRECTORY));
  std::string made;  // the folder that was made last
  for (const auto& file : files) {
    CHECK_OK(io::check_relative_path(file.name));
    CHECK_OK(stopped(stop));
    if (!as_links) {
      CHECK_OK(copy_to(file, root.get(), file.name, stop));
      continue;
    }
    const auto slash = file.name.rfind('/');
    const auto folder = slash == std::string::npos ? std::string() : file.name.substr(0, slash);
    if (folder != made && !folder.empty()) CHECK_OK(io::make_directories(place + "/" + folder));
    made = folder;
    const auto target = file.source.root + "/" + file.source.path;
    if (::symlinkat(target.c_str(), root.get(), file.name.c_str()) != 0) return errno_error(fmt::format("cannot link {}", file.name), errno);
  }
  return ok();
}

Status lay_input(const DataPlan& plan, std::string& place, const std::atomic<bool>& stop) {
  TRY(const auto found, find_files(plan.sources));
  for (const auto& file : found.files) {
    if (file.is_url()) return Error(ErrorCode::kUnsupported, fmt::format("{} is on the web and not in a datastore", file.source.path));
  }
  if (!found.is_single) return lay_files(found.files, plan.binding.mode == DataMode::kMount, place, stop);
  const auto& file = found.files.front();
  if (plan.binding.path_on_compute.empty()) place += "/" + file.name;  // under its own name, which programs look at
  if (plan.binding.mode == DataMode::kMount) return link_to(file.source.root + "/" + file.source.path, place);
  CHECK_OK(io::make_directories(parent_of(place)));
  TRY(const auto root, io::open_file(parent_of(place), O_RDONLY | O_DIRECTORY));
  return copy_to(file, root.get(), place.substr(place.rfind('/') + 1), stop);
}

/// A reference or an output by mount: the datastore's own folder (or file), so what is written there is in the datastore.
Status lay_link(const DataPlan& plan, const std::string& place, std::string& note) {
  const auto& source = plan.sources.front();
  TRY(const auto folder, Folder::open(source.root));
  TRY(const auto entry, folder.look(source.path));
  if (entry == Entry::kNothing) {
    CHECK_OK(folder.make_folder(source.path));
    if (plan.binding.role == DataRole::kReference)
      note =
          fmt::format("stoker: the datastore {} had no \"{}\", so an empty folder was made for {}", source.datastore, source.path, plan.binding.name);
  }
  return link_to(source.path.empty() ? source.root : source.root + "/" + source.path, place);
}

Status lay_one(const DataPlan& plan, const Places& places, Laid& laid, const std::atomic<bool>& stop) {
  const auto& binding = plan.binding;
  laid.name = binding.name;
  if (binding.mode == DataMode::kDirect) {
    laid.value = binding.dataset;
    return ok();
  }
  const auto place = place_of(binding, places);
  const bool is_upload = binding.mode == DataMode::kUpload;
  const bool may_exist = is_upload && !binding.path_on_compute.empty();
  if (!may_exist) CHECK_OK(check_free(place));
  laid.path = place;  // from here on it is ours
  auto done = ok();
  if (is_upload && binding.path_on_compute.empty()) done = io::make_directories(laid.path);
  else if (is_upload) done = io::make_directories(parent_of(laid.path));
  else if (binding.role == DataRole::kInput || binding.mode == DataMode::kDownload) done = lay_input(plan, laid.path, stop);
  else done = lay_link(plan, laid.path, laid.note);
  laid.value = laid.path;
  return done;
}

/// The files that a run left at `place`, by their names below it.
Result<std::vector<FoundFile>> left_at(const std::string& place, const std::vector<std::string>& globs) {
  TRY(const auto folder, Folder::open(place));
  TRY(auto files, folder.find(""));
  if (!globs.empty())
    std::erase_if(files,
                  [&](const FoundFile& file) { return std::ranges::none_of(globs, [&](const auto& glob) { return means(glob, file.path); }); });
  return files;
}

Status store(const Folder& target, const std::string& path, int from, bool overwrite, const std::atomic<bool>& stop) {
  TRY(auto file, NewFile::create(target, path));
  CHECK_OK(copy_bytes(from, file.descriptor(), stop));
  return file.commit(overwrite, false);
}

Status deliver_file(const DataPlan& plan, const std::string& place, const Folder& target, const std::atomic<bool>& stop) {
  const auto& path = plan.sources.front().path;
  const auto name = place.substr(place.rfind('/') + 1);
  TRY(const auto entry, target.look(path));
  const bool is_folder = path.empty() || entry == Entry::kFolder;
  TRY(const auto from, io::open_file(place, O_RDONLY));
  return store(target, is_folder && !path.empty() ? path + "/" + name : is_folder ? name : path, from.get(), plan.binding.overwrite, stop);
}

Status deliver_one(const DataPlan& plan, const std::string& place, const std::atomic<bool>& stop) {
  const auto& source = plan.sources.front();
  TRY(const auto target, Folder::open(source.root));
  struct stat info{};
  if (::stat(place.c_str(), &info) != 0) return Error(ErrorCode::kNotFound, fmt::format("the run left nothing at {}", place));
  if (!S_ISDIR(info.st_mode)) return deliver_file(plan, place, target, stop);
  TRY(const auto files, left_at(place, plan.binding.source_globs));
  TRY(const auto from, Folder::open(place));
  CHECK_OK(target.make_folder(source.path));
  for (const auto& file : files) {
    TRY(const auto fd, from.open_file(file.path));
    const auto path = source.path.empty() ? file.path : source.path + "/" + file.path;
    if (auto stored = store(target, path, fd.get(), plan.binding.overwrite, stop); !stored) return std::move(stored).error();
  }
  if (::syncfs(target.descriptor()) != 0) return errno_error("cannot sync the datastore", errno);
  return ok();
}

}  // namespace

Result<std::vector<Laid>> lay_out(const std::vector<DataPlan>& plans, const Places& places, const std::atomic<bool>& stop) {
  std::vector<Laid> all;
  for (const auto& plan : plans) {
    auto& laid = all.emplace_back();
    auto done = lay_one(plan, places, laid, stop);
    if (done) continue;
    clear(plans, all);
    return Error(done.error()).at(fmt::format("while laying out the {} {}", to_text(plan.binding.role), plan.binding.name));
  }
  return all;
}

std::vector<std::string> deliver(const std::vector<DataPlan>& plans, const std::vector<Laid>& laid, const std::atomic<bool>& stop) {
  std::vector<std::string> failures;
  for (std::size_t i = 0; i < std::min(plans.size(), laid.size()); ++i) {
    const auto& binding = plans[i].binding;
    if (binding.mode != DataMode::kUpload) continue;
    if (const auto done = deliver_one(plans[i], laid[i].path, stop); !done) {
      const auto& source = plans[i].sources.front();
      failures.push_back(fmt::format("the {} \"{}\" could not be stored in the datastore {} at \"{}\": {}", to_text(binding.role), binding.name,
                                     source.datastore, source.path, done.error().to_line()));
    }
  }
  return failures;
}

void clear(const std::vector<DataPlan>& plans, const std::vector<Laid>& laid) {
  for (std::size_t i = 0; i < std::min(plans.size(), laid.size()); ++i) {
    const auto& binding = plans[i].binding;
    if (laid[i].path.empty() || binding.mode == DataMode::kUpload || binding.mode == DataMode::kDirect || !binding.path_on_compute.starts_with('/'))
      continue;
    (void)io::remove_tree(laid[i].path);
  }
}

}  // namespace stoker::data
