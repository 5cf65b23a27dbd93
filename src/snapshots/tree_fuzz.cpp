// A tree or a list of chunks from outside. What is accepted must encode to the same bytes, and hold only names that stay inside.
#include <cstdint>
#include <cstdlib>

#include "snapshots/chunk_list.hpp"
#include "snapshots/tree.hpp"

using namespace stoker::snapshots;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto list = parse_chunk_list(bytes); list && encode_chunk_list(list->size, list->chunks) != bytes) std::abort();
  auto view = TreeView::parse(bytes);
  if (!view) return 0;
  std::string again = begin_tree();
  for (TreeEntry entry; view->next(entry);) {
    if (!is_entry_name(entry.name)) std::abort();
    if (entry.kind == EntryKind::kLink && climbs_of_link(entry.target) < 0) std::abort();
    append_entry(again, entry);
  }
  finish_tree(again, view->size());
  if (again != bytes) std::abort();
  return 0;
}
