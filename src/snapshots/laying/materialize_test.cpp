#include "snapshots/laying/materialize.hpp"

#include <gtest/gtest.h>

#include "snapshots/chunk_list.hpp"
#include "snapshots/test_support.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

using testing::code_of;
using testing::must;

struct Piece {
  ObjectKind kind;
  std::string bytes;
};

std::string pack_of(const std::vector<Piece>& pieces) {
  FrameWriter writer;
  std::string frames;
  for (const Piece& piece : pieces) {
    writer.add(sha256(piece.bytes), piece.kind, piece.bytes);
    frames += writer.take_frames(true);
  }
  return pack_header() + frames + pack_end(writer.frames(), writer.objects());
}

std::string tree_of(const std::vector<TreeEntry>& entries) {
  std::string tree = begin_tree();
  for (const auto& entry : entries) append_entry(tree, entry);
  finish_tree(tree, static_cast<std::uint32_t>(entries.size()));
  return tree;
}
TreeEntry file(std::string_view name, std::string_view content) { return {EntryKind::kFile, false, content.size(), sha256(content), name, {}}; }
TreeEntry link(std::string_view name, std::string_view target) { return {EntryKind::kLink, false, 0, {}, name, target}; }

class Materialize : public ::testing::Test {
 protected:
  Result<SnapshotInfo> lay_down(std::string_view pack, const std::string& root_tree) {
    StringReader reader(pack);
    return materialize(reader, sha256(root_tree), home / "work");
  }
  testing::TemporaryFolder home;
};

TEST_F(Materialize, FilesWithTheSameContentAreAllMade) {
  const std::string root = tree_of({file("a", "same"), file("b", "same"), file("c", ""), link("d", "a")});
  const SnapshotInfo info = must(lay_down(pack_of({{ObjectKind::kTree, root}, {ObjectKind::kBlob, "same"}, {ObjectKind::kBlob, ""}}), root));
  EXPECT_EQ(info.files, 4U);
  EXPECT_EQ(info.bytes, 8U);
  EXPECT_EQ(testing::describe(home / "work"),
            (std::map<std::string, std::string>{{"a", "f644:same"}, {"b", "f644:same"}, {"c", "f644:"}, {"d", "l:a"}}));
}

TEST_F(Materialize, NothingExistingIsOverwrittenOrFollowed) {
  testing::write_file(home / "outside", "untouched");
  const std::string root = tree_of({file("a", "new")});
  const std::string pack = pack_of({{ObjectKind::kTree, root}, {ObjectKind::kBlob, "new"}});
  std::filesystem::create_directories(home / "work");
  std::filesystem::create_symlink(home / "outside", home / "work/a");
  EXPECT_EQ(code_of(lay_down(pack, root)), ErrorCode::kConflict);
  EXPECT_EQ(testing::read_text(home / "outside"), "untouched");
}

TEST_F(Materialize, AFolderThatIsALinkIsNotEntered) {
  std::filesystem::create_directories(home / "elsewhere");
  std::filesystem::create_directories(home / "work");
  std::filesystem::create_directory_symlink(home / "elsewhere", home / "work/sub");
  const std::string inner = tree_of({file("a", "new")});
  const std::string root = tree_of({{EntryKind::kFolder, false, 0, sha256(inner), "sub", {}}});
  EXPECT_FALSE(lay_down(pack_of({{ObjectKind::kTree, root}, {ObjectKind::kTree, inner}, {ObjectKind::kBlob, "new"}}), root));
  EXPECT_TRUE(std::filesystem::is_empty(home / "elsewhere"));
}

TEST_F(Materialize, LinksThatLeaveAreRefused) {
  const std::string root = tree_of({link("up", "../x")});
  EXPECT_EQ(code_of(lay_down(pack_of({{ObjectKind::kTree, root}}), root)), ErrorCode::kInvalidInput);
}

TEST_F(Materialize, MissingAndWrongContentIsRefused) {
  const std::string root = tree_of({file("a", "content")});
  EXPECT_EQ(code_of(lay_down(pack_of({{ObjectKind::kTree, root}}), root)), ErrorCode::kProtocol);
  EXPECT_EQ(code_of(lay_down(pack_of({{ObjectKind::kBlob, "content"}}), root)), ErrorCode::kProtocol);
  const std::string wrong_size = tree_of({{EntryKind::kFile, false, 3, sha256("content"), "b", {}}});
  EXPECT_EQ(code_of(lay_down(pack_of({{ObjectKind::kTree, wrong_size}, {ObjectKind::kBlob, "content"}}), wrong_size)), ErrorCode::kProtocol);
}

TEST_F(Materialize, EveryTruncationIsRefused) {
  const std::string root = tree_of({file("a", "content")});
  const std::string pack = pack_of({{ObjectKind::kTree, root}, {ObjectKind::kBlob, "content"}});
  for (std::size_t size = 0; size < pack.size(); ++size) {
    std::filesystem::remove_all(home / "work");
    EXPECT_FALSE(lay_down(pack.substr(0, size), root)) << size;
  }
}

TEST_F(Materialize, LargeFilesArePutTogetherFromChunksInAnyOrder) {
  const std::string content = testing::random_bytes(9'500'000, 5);
  std::vector<Digest> chunks;
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < content.size(); at += kChunk) {
    pieces.insert(pieces.begin(), {ObjectKind::kBlob, content.substr(at, kChunk)});
    chunks.push_back(sha256(pieces.front().bytes));
  }
  const std::string list = encode_chunk_list(content.size(), chunks);
  const std::string root = tree_of({{EntryKind::kFile, true, content.size(), sha256(list), "big", {}}});
  pieces.insert(pieces.begin(), {{ObjectKind::kTree, root}, {ObjectKind::kList, list}});
  EXPECT_EQ(must(lay_down(pack_of(pieces), root)).bytes, content.size());
  EXPECT_EQ(testing::read_text(home / "work/big"), content);
}

}  // namespace
}  // namespace stoker::snapshots
