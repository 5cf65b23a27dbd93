#include "snapshots/tree.hpp"

#include <gtest/gtest.h>

#include "snapshots/chunk_list.hpp"
#include "snapshots/test_support.hpp"

namespace stoker::snapshots {
namespace {

std::string tree_of(const std::vector<TreeEntry>& entries) {
  std::string tree = begin_tree();
  for (const auto& entry : entries) append_entry(tree, entry);
  finish_tree(tree, static_cast<std::uint32_t>(entries.size()));
  return tree;
}
TreeEntry file(std::string_view name) { return {EntryKind::kFile, false, 3, sha256("abc"), name, {}}; }
TreeEntry link(std::string_view name, std::string_view target) { return {EntryKind::kLink, false, 0, {}, name, target}; }

TEST(Tree, WhatIsWrittenIsRead) {
  const std::string tree =
      tree_of({{EntryKind::kFile, true, 7, sha256("x"), "a", {}}, {EntryKind::kFolder, false, 0, sha256("y"), "b", {}}, link("c", "../a")});
  auto view = testing::must(TreeView::parse(tree));
  TreeEntry entry;
  ASSERT_TRUE(view.next(entry));
  EXPECT_EQ(entry.name, "a");
  EXPECT_TRUE(entry.executable);
  EXPECT_EQ(entry.size, 7U);
  EXPECT_EQ(entry.object, sha256("x"));
  ASSERT_TRUE(view.next(entry));
  EXPECT_EQ(entry.kind, EntryKind::kFolder);
  ASSERT_TRUE(view.next(entry));
  EXPECT_EQ(entry.target, "../a");
  EXPECT_FALSE(view.next(entry));
}

TEST(Tree, NamesThatLeadElsewhereAreRefused) {
  for (const std::string_view name : {std::string_view("a/b"), std::string_view(".."), std::string_view("."), std::string_view(""),
                                      std::string_view("a\0b", 3), std::string_view("\xff")}) {
    EXPECT_EQ(testing::code_of(TreeView::parse(tree_of({file(name)}))), ErrorCode::kInvalidInput) << name;
  }
  EXPECT_EQ(testing::code_of(TreeView::parse(tree_of({file(std::string(256, 'a'))}))), ErrorCode::kInvalidInput);
}

TEST(Tree, TwiceTheSameNameOrUnsortedIsRefused) {
  EXPECT_FALSE(TreeView::parse(tree_of({file("a"), file("a")})));
  EXPECT_FALSE(TreeView::parse(tree_of({file("b"), file("a")})));
  EXPECT_TRUE(TreeView::parse(tree_of({file("a"), file("a.b"), file("a0")})));
}

TEST(Tree, EveryTruncationAndExtraByteIsRefused) {
  const std::string tree = tree_of({file("a"), link("c", "d")});
  for (std::size_t size = 0; size < tree.size(); ++size) EXPECT_FALSE(TreeView::parse(tree.substr(0, size))) << size;
  EXPECT_FALSE(TreeView::parse(tree + '\0'));
}

TEST(Tree, ClimbsAreCountedOnlyAtTheFront) {
  EXPECT_EQ(climbs_of_link("a/b"), 0);
  EXPECT_EQ(climbs_of_link("./../x"), 1);
  EXPECT_EQ(climbs_of_link("../../x/./y/"), 2);
  EXPECT_EQ(climbs_of_link(".."), 1);
  for (const char* bad : {"/etc/passwd", "a/../b", "../a/../b", "", "\xff"}) EXPECT_EQ(climbs_of_link(bad), -1) << bad;
}

TEST(ChunkList, WhatIsWrittenIsRead) {
  const std::uint64_t size = 9 * 1024 * 1024 + 5;
  const std::vector<Digest> chunks{sha256("1"), sha256("2"), sha256("3")};
  const std::string bytes = encode_chunk_list(size, chunks);
  const ChunkList list = testing::must(parse_chunk_list(bytes));
  EXPECT_EQ(list.size, size);
  EXPECT_EQ(list.chunks, chunks);
  EXPECT_EQ(list.chunk_size(2), size - 2 * kChunk);
  EXPECT_FALSE(parse_chunk_list(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(parse_chunk_list(encode_chunk_list(size, std::span(chunks).first(2))));
  EXPECT_FALSE(parse_chunk_list(encode_chunk_list(10, std::span(chunks).first(1)))) << "small files are not lists";
}

}  // namespace
}  // namespace stoker::snapshots
