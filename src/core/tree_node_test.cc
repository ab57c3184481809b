#include "core/tree_node.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/error.h"
#include "core/inode_attributes.h"
#include "core/object_store.h"
#include "testing/errors.h"

namespace snapferry {
namespace {

ObjectId filled(std::uint8_t byte) {
  ObjectId id;
  id.bytes.fill(byte);
  return id;
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

// A file of everything: 5 bytes of data and a hole of 3, two names, an attribute.
Entry rich_file() {
  Entry entry;
  entry.name = "f";
  entry.mode = 04755;
  entry.uid = 1;
  entry.gid = 2;
  entry.mtime = {-1, 999'999'999};
  entry.ctime = {3, 4};
  entry.inode = 5;
  entry.size = 8;
  entry.link_device = 6;
  entry.unsettled = true;
  entry.xattrs = {{"user.a", {0xab}}};
  entry.content.runs = {{5, filled(0x11)}, {3, std::nullopt}};
  return entry;
}

Entry plain(EntryType type, const std::string& name) {
  Entry entry;
  entry.type = type;
  entry.name = name;
  return entry;
}

Bytes encoded(const Entry& entry) {
  Bytes bytes;
  encode_entry(entry, bytes);
  return bytes;
}

Bytes leaf_of(const std::vector<Entry>& entries) {
  Bytes bytes = {1};
  for (const Entry& entry : entries) encode_entry(entry, bytes);
  return bytes;
}

// Where the fields of `fixed` begin.
enum Offset : std::size_t {
  kLength = 0,
  kType = 4,
  kFlags = 5,
  kNameLength = 6,
  kMode = 8,
  kMtimeNs = 20,
  kSize = 52,
  kName = 68,
};

TEST(TreeNodeGolden, Leaf) {
  const Entry directory = [] {
    Entry entry = plain(EntryType::Directory, "d");
    entry.mode = 0755;
    entry.tree = filled(0x22);
    return entry;
  }();
  EXPECT_EQ(to_hex(leaf_of({directory, rich_file()})),
            "01"
            // length 101, directory, no flags, name of 1
            "65000000"
            "02"
            "00"
            "0100"
            "ed010000"
            "00000000"
            "00000000"
            "00000000"
            "00000000"
            "0000000000000000"
            "0000000000000000"
            "0000000000000000"
            "0000000000000000"
            "0000000000000000"
            "64" +
                repeated("22", 32) +
                // length 143, file, all flags, name of 1
                "8f000000"
                "01"
                "07"
                "0100"
                "ed090000"
                "01000000"
                "02000000"
                "ffc99a3b"
                "04000000"
                "ffffffffffffffff"
                "0300000000000000"
                "0500000000000000"
                "0800000000000000"
                "0000000000000000"
                "66"
                "0600000000000000"
                "0d000000"
                "0600"
                "757365722e61"
                "01000000"
                "ab"
                "00"
                "0500000000000000" +
                repeated("11", 32) + "0300000000000080");
}

TEST(TreeNodeGolden, Inner) {
  EXPECT_EQ(to_hex(encode_inner(1, {{"a", filled(1)}, {"bc", filled(2)}})),
            "02"
            "01"
            "01000000"
            "61" +
                repeated("01", 32) +
                "02000000"
                "6263" +
                repeated("02", 32));
}

TEST(TreeNodeGolden, List) {
  EXPECT_EQ(to_hex(encode_list({1, {{0x0102, filled(3)}, {7, std::nullopt}}})),
            "01"
            "0201000000000000" +
                repeated("03", 32) + "0700000000000080");
}

TEST(TreeNodeGolden, LeftOut) {
  Entry excluded = plain(EntryType::Directory, "c");
  excluded.left_out = LeftOut::Excluded;
  excluded.name_only = true;
  Entry unreadable = plain(EntryType::File, "u");
  unreadable.mode = 0600;
  unreadable.size = 9;
  unreadable.left_out = LeftOut::Unreadable;
  EXPECT_EQ(to_hex(leaf_of({excluded, unreadable})),
            "01"
            // length 70, directory, left out, name of 1; its name alone is known
            "46000000"
            "02"
            "08"
            "0100" +
                repeated("00", 60) +
                "63"
                "81"
                // length 70, file, left out, name of 1
                "46000000"
                "01"
                "08"
                "0100"
                "80010000" +
                repeated("00", 40) + "0900000000000000" + repeated("00", 8) +
                "75"
                "06");
}

TEST(TreeNodeGolden, AttributesAndProject) {
  Entry known = plain(EntryType::Fifo, "k");  // known to have none
  known.attributes = 0;
  known.project = 0;
  Entry immutable = plain(EntryType::Fifo, "i");
  immutable.attributes = kAttributeImmutable | kAttributeNoCopyOnWrite;
  immutable.project = 7;
  EXPECT_EQ(to_hex(leaf_of({immutable, known})),
            "01"
            // length 77, fifo, attributes and project known and following, name of 1
            "4d000000"
            "04"
            "70"
            "0100" +
                repeated("00", 60) +
                "69"
                "10008000"
                "07000000"
                // length 69, fifo, attributes and project known, name of 1
                "45000000"
                "04"
                "30"
                "0100" +
                repeated("00", 60) + "6b");
}

TEST(TreeNodeGolden, MountPoint) {
  Entry disk = plain(EntryType::Directory, "d");
  disk.mount_point = true;
  EXPECT_EQ(to_hex(leaf_of({disk})),
            "01"
            // length 101, directory, no flags, name of 1
            "65000000"
            "02"
            "00"
            "0100" +
                repeated("00", 52) + "0100000000000000" + "64" + repeated("00", 32));
  EXPECT_EQ(decode_entry(encoded(disk)), disk);
}

TEST(DecodeEntry, RefusesADirectoryWithTheNumberOfADevice) {
  Bytes bytes = encoded(plain(EntryType::Directory, "d"));
  bytes.at(offsetof(FixedEntry, device)) = 2;
  EXPECT_ERROR(decode_entry(bytes), ErrorKind::Corrupt);
}

TEST(TreeNode, HasNoTreeForADirectoryThatWasLeftOut) {
  Entry directory = plain(EntryType::Directory, "d");
  directory.left_out = LeftOut::OtherFilesystem;
  const Bytes bytes = leaf_of({directory});
  const TreeNode node = TreeNode::parse(bytes);
  ASSERT_EQ(node.items.size(), 1u);
  EXPECT_TRUE(node.items[0].is_directory());
  EXPECT_EQ(node.items[0].tree(), std::nullopt);
}

TEST(TreeNode, TakesALeafApart) {
  Entry directory = plain(EntryType::Directory, "d");
  directory.tree = filled(9);
  const Bytes bytes = leaf_of({directory, rich_file()});
  const TreeNode node = TreeNode::parse(bytes);
  EXPECT_TRUE(node.is_leaf);
  EXPECT_EQ(node.height, 0);
  ASSERT_EQ(node.items.size(), 2u);
  EXPECT_EQ(node.items[0].name, "d");
  EXPECT_TRUE(node.items[0].is_directory());
  EXPECT_EQ(node.items[0].tree(), filled(9));
  EXPECT_FALSE(node.items[1].is_directory());
  EXPECT_EQ(node.items[1].tree(), std::nullopt);
  EXPECT_EQ(node.items[1].fixed().inode, 5u);
  EXPECT_EQ(decode_entry(node.items[1].bytes), rich_file());
}

TEST(TreeNode, TakesAnEmptyLeaf) {
  const Bytes bytes = {1};
  EXPECT_TRUE(TreeNode::parse(bytes).items.empty());
}

TEST(TreeNode, TakesAnInnerNodeApart) {
  const Bytes bytes = encode_inner(3, {{"a", filled(1)}, {"b", filled(2)}});
  const TreeNode node = TreeNode::parse(bytes);
  EXPECT_FALSE(node.is_leaf);
  EXPECT_EQ(node.height, 3);
  ASSERT_EQ(node.children.size(), 2u);
  EXPECT_EQ(node.children[1].first_name, "b");
  EXPECT_EQ(node.children[1].id, filled(2));
}

TEST(TreeNode, RefusesMalformedNodes) {
  const auto with = [](Bytes bytes, std::size_t offset, std::uint8_t value) {
    bytes.at(offset) = value;
    return bytes;
  };
  const Bytes leaf = leaf_of({plain(EntryType::Fifo, "a")});
  const std::pair<const char*, Bytes> nodes[] = {
      {"nothing", {}},
      {"unknown kind", {3}},
      {"kind 0", {0}},
      {"length below the fixed part", with(leaf, 1 + kLength, 67)},
      {"length without the name", with(leaf, 1 + kLength, 68)},
      {"length past the end", with(leaf, 1 + kLength, 70)},
      {"huge length", with(leaf, 1 + kLength + 3, 0xff)},
      {"type 0", with(leaf, 1 + kType, 0)},
      {"type 8", with(leaf, 1 + kType, 8)},
      {"name with a slash", with(leaf, 1 + kName, '/')},
      {"name with a NUL", with(leaf, 1 + kName, 0)},
      {"name '.'", with(leaf, 1 + kName, '.')},
      {"directory without a tree", with(leaf, 1 + kType, 2)},
      {"same name twice", leaf_of({plain(EntryType::Fifo, "a"), plain(EntryType::Fifo, "a")})},
      {"descending names", leaf_of({plain(EntryType::Fifo, "b"), plain(EntryType::Fifo, "a")})},
      {"inner without a height", {2}},
      {"inner without children", {2, 1}},
      {"height 0", encode_inner(0, {{"a", filled(1)}})},
      {"height 17", encode_inner(17, {{"a", filled(1)}})},
      {"child without a name", encode_inner(1, {{"", filled(1)}})},
      {"child with a slash", encode_inner(1, {{"a/b", filled(1)}})},
      {"descending children", encode_inner(1, {{"b", filled(1)}, {"a", filled(1)}})},
      {"same child twice", encode_inner(1, {{"a", filled(1)}, {"a", filled(2)}})},
  };
  for (const auto& [what, bytes] : nodes) {
    SCOPED_TRACE(what);
    EXPECT_ERROR(TreeNode::parse(bytes), ErrorKind::Corrupt);
  }
}

TEST(TreeNode, RefusesEveryShorterInnerNode) {
  const Bytes bytes = encode_inner(1, {{"abc", filled(1)}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_ERROR(TreeNode::parse(ByteView(bytes).first(size)), ErrorKind::Corrupt);
  }
}

TEST(DecodeEntry, RefusesMalformedEntries) {
  const auto file = [](std::size_t offset, std::uint8_t value) {
    Bytes bytes = encoded(rich_file());
    bytes.at(offset) = value;
    return bytes;
  };
  constexpr std::size_t kXattrs = kName + 1 + 8;      // after the name and the link device
  constexpr std::size_t kContent = kXattrs + 4 + 13;  // its depth
  const std::pair<const char*, Bytes> entries[] = {
      {"nothing", {}},
      {"shorter length", file(kLength, 0x8e)},
      {"longer length", file(kLength, 0x90)},
      {"type 0", file(kType, 0)},
      {"type 8", file(kType, 8)},
      {"unknown flag", file(kFlags, 0x87)},
      {"flag of what was left out without it", file(kFlags, 0x0f)},
      {"flag of attributes that do not follow", file(kFlags, 0x57)},
      {"no name", file(kNameLength, 0)},
      {"name past the end", file(kNameLength + 1, 0xff)},
      {"mode of more than 07777", file(kMode + 1, 0x10)},
      {"nanoseconds of a second", file(kMtimeNs + 3, 0x3c)},
      {"size that content does not have", file(kSize, 9)},
      {"name with a slash", file(kName, '/')},
      {"attributes past the end", file(kXattrs + 1, 0xff)},
      {"attributes cut", file(kXattrs, 12)},
      {"attribute without a name", file(kXattrs + 4, 0)},
      {"attribute name with a NUL", file(kXattrs + 6, 0)},
      {"content of depth 5", file(kContent, 5)},
      {"empty run", file(kContent + 1, 0)},
      {"data run of more than an object", file(kContent + 1 + 4, 1)},
      {"directory without a tree", encoded([] {
         Entry entry = rich_file();
         entry.content = {};
         entry.size = 0;
         return entry;
       }())},
  };
  for (const auto& [what, bytes] : entries) {
    SCOPED_TRACE(what);
    if (std::string_view(what) == "directory without a tree") {
      Bytes changed = bytes;
      changed[kType] = static_cast<std::uint8_t>(EntryType::Directory);
      EXPECT_ERROR(decode_entry(changed), ErrorKind::Corrupt);
    } else {
      EXPECT_ERROR(decode_entry(bytes), ErrorKind::Corrupt);
    }
  }
}

TEST(DecodeEntry, RefusesEveryShorterEntry) {
  const Bytes bytes = encoded(rich_file());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_ERROR(decode_entry(ByteView(bytes).first(size)), ErrorKind::Corrupt);
  }
}

TEST(DecodeEntry, RefusesAttributesThatDoNotAscend) {
  Entry entry = rich_file();
  entry.xattrs = {{"user.b", {}}, {"user.a", {}}};
  EXPECT_ERROR(decode_entry(encoded(entry)), ErrorKind::Corrupt);
  entry.xattrs = {{"user.a", {}}, {"user.a", {}}};
  EXPECT_ERROR(decode_entry(encoded(entry)), ErrorKind::Corrupt);
}

TEST(DecodeEntry, RefusesTheFlagOfAttributesWithoutAny) {
  Bytes bytes = encoded(plain(EntryType::Fifo, "p"));
  bytes[kFlags] = kEntryHasXattrs;
  bytes.insert(bytes.end(), 4, 0);
  bytes[kLength] += 4;
  EXPECT_ERROR(decode_entry(bytes), ErrorKind::Corrupt);
}

TEST(DecodeEntry, RefusesMalformedMarksOfWhatWasLeftOut) {
  Entry entry = plain(EntryType::File, "u");
  entry.left_out = LeftOut::Unreadable;
  const Bytes good = encoded(entry);
  ASSERT_EQ(decode_entry(good), entry);
  for (const std::uint8_t reason :
       {std::uint8_t{0}, std::uint8_t{kLastLeftOut + 1}, std::uint8_t{0x80}, std::uint8_t{0x7f}}) {
    Bytes bytes = good;
    bytes.back() = reason;
    EXPECT_ERROR(decode_entry(bytes), ErrorKind::Corrupt);
  }
  Bytes unsettled = good;
  unsettled[kFlags] |= kEntryUnsettled;
  EXPECT_ERROR(decode_entry(unsettled), ErrorKind::Corrupt);
  Bytes with_payload = good;
  with_payload.push_back(0);
  ++with_payload[kLength];
  EXPECT_ERROR(decode_entry(with_payload), ErrorKind::Corrupt);
}

TEST(DecodeEntry, RefusesMoreThanANameWhereTheNameAloneIsKnown) {
  Entry bare = plain(EntryType::File, "u");
  bare.left_out = LeftOut::Excluded;
  bare.name_only = true;
  ASSERT_EQ(decode_entry(encoded(bare)), bare);
  for (auto change : std::vector<void (*)(Entry&)>{
           [](Entry& entry) { entry.mode = 1; }, [](Entry& entry) { entry.uid = 1; },
           [](Entry& entry) { entry.size = 1; }, [](Entry& entry) { entry.link_device = 0; },
           [](Entry& entry) { entry.attributes = 0; }, [](Entry& entry) { entry.project = 1; }}) {
    Entry more = bare;
    change(more);
    EXPECT_ERROR(decode_entry(encoded(more)), ErrorKind::Corrupt);
  }
}

TEST(DecodeEntry, RefusesMalformedAttributes) {
  Entry entry = plain(EntryType::Fifo, "p");
  entry.attributes = kAttributeNoDump;
  const Bytes good = encoded(entry);
  ASSERT_EQ(decode_entry(good), entry);
  const std::size_t attributes = good.size() - 8;
  Bytes empty = good;
  empty[attributes] = 0;
  EXPECT_ERROR(decode_entry(empty), ErrorKind::Corrupt);
  Bytes foreign = good;
  foreign[attributes + 2] = 0x08;  // FS_EXTENT_FL
  EXPECT_ERROR(decode_entry(foreign), ErrorKind::Corrupt);
  Bytes unknown = good;
  unknown[kFlags] = kEntryHasExtra | kEntryProjectKnown;
  EXPECT_ERROR(decode_entry(unknown), ErrorKind::Corrupt);
  Bytes project = good;
  project.back() = 1;
  EXPECT_ERROR(decode_entry(project), ErrorKind::Corrupt);
}

TEST(DecodeEntry, RefusesContentThatOverflows) {
  Entry entry = rich_file();
  constexpr std::uint64_t kHalf = (std::uint64_t{1} << 63) - 1;
  entry.content.runs = {{kHalf, std::nullopt}, {kHalf, std::nullopt}, {10, std::nullopt}};
  entry.size = 8;  // what the sum is, modulo 2^64
  EXPECT_ERROR(decode_entry(encoded(entry)), ErrorKind::Corrupt);
}

TEST(DecodeEntry, RefusesSymlinkTargetsWithANul) {
  Entry entry = plain(EntryType::Symlink, "l");
  entry.target = std::string("a\0b", 3);
  EXPECT_ERROR(decode_entry(encoded(entry)), ErrorKind::Corrupt);
}

TEST(DecodeEntry, OnlyARootHasNoName) {
  const Bytes root = encoded(plain(EntryType::Directory, ""));
  EXPECT_ERROR(decode_entry(root), ErrorKind::Corrupt);
  EXPECT_EQ(decode_entry(root, true), plain(EntryType::Directory, ""));
  EXPECT_ERROR(decode_entry(encoded(plain(EntryType::Directory, "d")), true), ErrorKind::Corrupt);
}

TEST(EncodeEntry, RefusesBadNames) {
  for (const std::string& name : {std::string("."), std::string(".."), std::string("a/b"),
                                  std::string("a\0", 2), std::string(256, 'n')}) {
    EXPECT_ERROR(encoded(plain(EntryType::File, name)), ErrorKind::InvalidArgument);
  }
}

TEST(IsValidName, TakesWhatADirectoryCanHold) {
  for (const std::string& name :
       {std::string("a"), std::string("..."), std::string(".a"), std::string("\xff\xfe"),
        std::string("a b\n"), std::string(255, 'n')}) {
    EXPECT_TRUE(is_valid_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("/"),
        std::string("a\0b", 3), std::string(256, 'n')}) {
    EXPECT_FALSE(is_valid_name(name)) << name;
  }
}

TEST(DecodeList, RefusesMalformedLists) {
  EXPECT_ERROR(decode_list({}), ErrorKind::Corrupt);
  EXPECT_ERROR(decode_list(Bytes{0}), ErrorKind::Corrupt);
  EXPECT_ERROR(decode_list(encode_list({5, {{1, filled(1)}}})), ErrorKind::Corrupt);
  EXPECT_ERROR(decode_list(encode_list({0, {{kMaxObjectSize + 1, filled(1)}}})),
               ErrorKind::Corrupt);
  EXPECT_ERROR(decode_list(encode_list({0, {{0, filled(1)}}})), ErrorKind::Corrupt);
  EXPECT_NO_THROW(decode_list(encode_list({0, {{kMaxObjectSize, filled(1)}}})));
  EXPECT_NO_THROW(decode_list(encode_list({1, {{kMaxObjectSize + 1, filled(1)}}})));
}

// Names, targets and attribute names: bytes without NUL and '/'.
rc::Gen<std::string> any_text(int longest) {
  return rc::gen::mapcat(rc::gen::inRange(1, longest + 1), [](int size) {
    return rc::gen::container<std::string>(
        size, rc::gen::distinctFrom(rc::gen::distinctFrom(rc::gen::arbitrary<char>(), '\0'), '/'));
  });
}

ObjectId any_id() {
  return ObjectId::from_bytes(
      *rc::gen::container<Bytes>(ObjectId::kSize, rc::gen::arbitrary<std::uint8_t>()));
}

Content any_content() {
  Content content;
  content.depth = *rc::gen::inRange<std::uint8_t>(0, kMaxContentDepth + 1);
  const int runs = *rc::gen::inRange(0, 6);
  for (int i = 0; i < runs; ++i) {
    ContentRun run;
    run.length = *rc::gen::inRange<std::uint64_t>(1, kMaxObjectSize + 1);
    if (*rc::gen::arbitrary<bool>()) run.id = any_id();
    content.runs.push_back(run);
  }
  return content;
}

Timestamp any_time() {
  return {*rc::gen::arbitrary<std::int64_t>(), *rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)};
}

void add_payload(Entry& entry) {
  if (entry.type == EntryType::Directory) entry.tree = any_id();
  if (entry.type == EntryType::Symlink) entry.target = *any_text(300);
  if (entry.type == EntryType::File) {
    entry.content = any_content();
    for (const ContentRun& run : entry.content.runs) entry.size += run.length;
  } else {
    entry.size = 0;
  }
}

// Turns some entries into ones that were left out, as far as `entry` is known.
void leave_some_out(Entry& entry) {
  if (*rc::gen::inRange(0, 3) != 0) return;
  entry.unsettled = false;
  entry.content = {};
  entry.tree = {};
  entry.target.clear();
  entry.left_out = static_cast<LeftOut>(*rc::gen::inRange<std::uint8_t>(1, kLastLeftOut + 1));
  if (*rc::gen::arbitrary<bool>()) return;
  Entry bare;
  bare.name = entry.name;
  bare.type = entry.type;
  bare.left_out = entry.left_out;
  bare.name_only = true;
  entry = bare;
}

std::optional<std::uint32_t> any_field(std::uint32_t mask) {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  if (*rc::gen::arbitrary<bool>()) return 0;
  return *rc::gen::arbitrary<std::uint32_t>() & mask;
}

Entry any_entry() {
  Entry entry;
  entry.type = static_cast<EntryType>(*rc::gen::inRange(1, 8));
  entry.name = *rc::gen::suchThat(any_text(255), is_valid_name);
  entry.mode = *rc::gen::inRange<std::uint32_t>(0, 010000);
  entry.uid = *rc::gen::arbitrary<std::uint32_t>();
  entry.gid = *rc::gen::arbitrary<std::uint32_t>();
  entry.mtime = any_time();
  entry.ctime = any_time();
  entry.inode = *rc::gen::arbitrary<std::uint64_t>();
  if (entry.type == EntryType::Directory) {
    entry.mount_point = *rc::gen::arbitrary<bool>();
  } else {
    entry.device = *rc::gen::arbitrary<std::uint64_t>();
  }
  if (*rc::gen::arbitrary<bool>()) entry.link_device = *rc::gen::arbitrary<std::uint64_t>();
  entry.unsettled = *rc::gen::arbitrary<bool>();
  const auto names = *rc::gen::container<std::set<std::string>>(any_text(20));
  for (const std::string& name : names) {
    if (entry.xattrs.size() == 4) break;
    entry.xattrs.push_back({name, *rc::gen::arbitrary<Bytes>()});
  }
  entry.attributes = any_field(kInodeAttributes);
  entry.project = any_field(UINT32_MAX);
  add_payload(entry);
  leave_some_out(entry);
  return entry;
}

RC_GTEST_PROP(TreeNodeProperty, EntriesRoundTrip, ()) {
  const Entry entry = any_entry();
  const Bytes bytes = encoded(entry);
  RC_ASSERT(decode_entry(bytes) == entry);
  RC_ASSERT(encoded(decode_entry(bytes)) == bytes);
}

RC_GTEST_PROP(TreeNodeProperty, LeavesRoundTrip, ()) {
  std::vector<Entry> entries;
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) entries.push_back(any_entry());
  const auto by_name = [](const Entry& a, const Entry& b) { return a.name < b.name; };
  const auto same_name = [](const Entry& a, const Entry& b) { return a.name == b.name; };
  std::sort(entries.begin(), entries.end(), by_name);
  entries.erase(std::unique(entries.begin(), entries.end(), same_name), entries.end());
  const Bytes bytes = leaf_of(entries);
  const TreeNode node = TreeNode::parse(bytes);
  RC_ASSERT(node.items.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    RC_ASSERT(node.items[i].name == entries[i].name);
    RC_ASSERT(decode_entry(node.items[i].bytes) == entries[i]);
    RC_ASSERT(node.items[i].is_directory() == (entries[i].type == EntryType::Directory));
    RC_ASSERT(node.items[i].tree().has_value() == entries[i].has_tree());
    if (entries[i].has_tree()) RC_ASSERT(node.items[i].tree() == entries[i].tree);
  }
}

RC_GTEST_PROP(TreeNodeProperty, ListsRoundTrip, ()) {
  const Content content = any_content();
  RC_PRE(!content.runs.empty());
  RC_ASSERT(decode_list(encode_list(content)) == content);
}

// One byte of an entry is another: it is refused, or it is another entry.
RC_GTEST_PROP(TreeNodeProperty, NoChangedByteGoesUnnoticed, ()) {
  const Entry entry = any_entry();
  Bytes bytes = encoded(entry);
  const auto position = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[position] ^= *rc::gen::inRange<std::uint8_t>(1, 255);
  try {
    RC_ASSERT(!(decode_entry(bytes) == entry));
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::Corrupt);
  }
}

RC_GTEST_PROP(TreeNodeProperty, AnyBytesParseOrAreCorrupt, (Bytes bytes)) {
  const auto corrupt_at_most = [](const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      RC_ASSERT(error.kind() == ErrorKind::Corrupt);
    }
  };
  corrupt_at_most([&] { decode_entry(bytes); });
  corrupt_at_most([&] { decode_list(bytes); });
  bytes.insert(bytes.begin(), *rc::gen::inRange<std::uint8_t>(1, 3));
  corrupt_at_most([&] { TreeNode::parse(bytes); });
}

}  // namespace
}  // namespace snapferry
