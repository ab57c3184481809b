#include "core/tree_node.h"

#include <cstring>

#include "core/error.h"
#include "core/inode_attributes.h"
#include "core/object_store.h"

namespace snapferry {
namespace {

constexpr std::uint8_t kLeaf = 1;
constexpr std::uint8_t kInner = 2;
constexpr std::uint64_t kHole = std::uint64_t{1} << 63;
constexpr std::uint8_t kNameOnly = 0x80;
constexpr std::uint8_t kKnownFlags = kEntryHasLinkDevice | kEntryHasXattrs | kEntryUnsettled |
                                     kEntryLeftOut | kEntryAttributesKnown | kEntryProjectKnown |
                                     kEntryHasExtra;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

void encode_content(const Content& content, ByteWriter& out) {
  out.u8(content.depth);
  for (const ContentRun& run : content.runs) {
    out.u64(run.id ? run.length : run.length | kHole);
    if (run.id) out.raw(run.id->view());
  }
}

Content decode_content(ByteReader& in) {
  Content content;
  content.depth = in.u8();
  if (content.depth > kMaxContentDepth) in.fail("content is nested too deeply");
  while (!in.at_end()) {
    ContentRun run;
    run.length = in.u64();
    const bool hole = (run.length & kHole) != 0;
    run.length &= ~kHole;
    if (run.length == 0) in.fail("has an empty run");
    if (!hole) run.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    if (content.depth == 0 && !hole && run.length > kMaxObjectSize)
      in.fail("has a run that is too long");
    content.runs.push_back(run);
  }
  return content;
}

// Throws Corrupt unless the runs add up to `size` bytes.
void check_total(const Content& content, std::uint64_t size, const ByteReader& in) {
  std::uint64_t total = 0;
  for (const ContentRun& run : content.runs) {
    if (__builtin_add_overflow(total, run.length, &total)) in.fail("content overflows");
  }
  if (total != size) in.fail("content does not add up to the size");
}

void encode_xattrs(const std::vector<ExtendedAttribute>& xattrs, ByteWriter& out) {
  std::size_t length = 0;
  for (const auto& xattr : xattrs) length += 2 + xattr.name.size() + 4 + xattr.value.size();
  out.u32(static_cast<std::uint32_t>(length));
  for (const auto& xattr : xattrs) {
    out.u16(static_cast<std::uint16_t>(xattr.name.size()));
    out.raw(as_bytes(xattr.name));
    out.sized(xattr.value);
  }
}

std::vector<ExtendedAttribute> decode_xattrs(ByteView bytes) {
  ByteReader in(bytes, "extended attributes");
  std::vector<ExtendedAttribute> xattrs;
  while (!in.at_end()) {
    ExtendedAttribute xattr;
    const ByteView name = in.raw(in.u16());
    if (name.empty() || std::memchr(name.data(), 0, name.size()) != nullptr) in.fail("bad name");
    xattr.name = as_text(name);
    const ByteView value = in.sized();
    xattr.value.assign(value.begin(), value.end());
    if (!xattrs.empty() && xattrs.back().name >= xattr.name) in.fail("names do not ascend");
    xattrs.push_back(std::move(xattr));
  }
  if (xattrs.empty()) in.fail("list is empty");
  return xattrs;
}

bool has_extra(const Entry& entry) {
  return entry.attributes.value_or(0) != 0 || entry.project.value_or(0) != 0;
}

std::uint8_t flags_of(const Entry& entry) {
  return static_cast<std::uint8_t>(
      (entry.link_device ? kEntryHasLinkDevice : 0) | (entry.xattrs.empty() ? 0 : kEntryHasXattrs) |
      (entry.unsettled ? kEntryUnsettled : 0) |
      (entry.left_out != LeftOut::None ? kEntryLeftOut : 0) |
      (entry.attributes ? kEntryAttributesKnown : 0) | (entry.project ? kEntryProjectKnown : 0) |
      (has_extra(entry) ? kEntryHasExtra : 0));
}

void encode_payload(const Entry& entry, ByteWriter& out) {
  if (entry.type == EntryType::File) encode_content(entry.content, out);
  if (entry.type == EntryType::Directory) out.raw(entry.tree.view());
  if (entry.type == EntryType::Symlink) out.raw(as_bytes(entry.target));
}

void decode_payload(ByteReader& in, Entry& entry) {
  switch (entry.type) {
    case EntryType::File:
      entry.content = decode_content(in);
      check_total(entry.content, entry.size, in);
      break;
    case EntryType::Directory:
      entry.tree = ObjectId::from_bytes(in.raw(ObjectId::kSize));
      break;
    case EntryType::Symlink: {
      const ByteView target = in.raw(in.remaining());
      if (std::memchr(target.data(), 0, target.size()) != nullptr) in.fail("target has a NUL");
      entry.target = as_text(target);
      break;
    }
    default:
      break;
  }
}

void decode_left_out(ByteReader& in, Entry& entry) {
  const std::uint8_t value = in.u8();
  const auto reason = static_cast<std::uint8_t>(value & ~kNameOnly);
  if (reason == 0 || reason > kLastLeftOut) in.fail("reason is unknown");
  if (entry.unsettled) in.fail("is left out and unsettled");
  entry.left_out = static_cast<LeftOut>(reason);
  entry.name_only = (value & kNameOnly) != 0;
}

// Throws Corrupt if there is more to an entry of which the name alone is known.
void check_name_only(const Entry& entry, const ByteReader& in) {
  Entry bare;
  bare.name = entry.name;
  bare.type = entry.type;
  bare.left_out = entry.left_out;
  bare.name_only = true;
  if (!(entry == bare)) in.fail("has more than a name");
}

void decode_extra(ByteReader& in, std::uint8_t flags, Entry& entry) {
  std::uint32_t attributes = 0;
  std::uint32_t project = 0;
  if ((flags & kEntryHasExtra) != 0) {
    attributes = in.u32();
    project = in.u32();
    if (attributes == 0 && project == 0) in.fail("extra fields are empty");
  }
  if ((attributes & ~kInodeAttributes) != 0) in.fail("inode attributes are unknown");
  if ((flags & kEntryAttributesKnown) != 0) entry.attributes = attributes;
  if ((flags & kEntryProjectKnown) != 0) entry.project = project;
  if (entry.attributes.value_or(0) != attributes || entry.project.value_or(0) != project) {
    in.fail("has what is said to be unknown");
  }
}

bool is_entry_type(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(EntryType::File) &&
         type <= static_cast<std::uint8_t>(EntryType::BlockDevice);
}

FixedEntry load_fixed(ByteView bytes) {
  FixedEntry fixed;
  std::memcpy(&fixed, bytes.data(), sizeof fixed);
  return fixed;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

void encode_entry(const Entry& entry, Bytes& out) {
  if (!entry.name.empty() && !is_valid_name(entry.name)) {
    throw Error(ErrorKind::InvalidArgument, entry.name + ": is not a file name");
  }
  const std::size_t start = out.size();
  FixedEntry fixed{};
  fixed.type = static_cast<std::uint8_t>(entry.type);
  fixed.flags = flags_of(entry);
  fixed.name_length = static_cast<std::uint16_t>(entry.name.size());
  fixed.mode = entry.mode;
  fixed.uid = entry.uid;
  fixed.gid = entry.gid;
  fixed.mtime_ns = entry.mtime.nanoseconds;
  fixed.ctime_ns = entry.ctime.nanoseconds;
  fixed.mtime_s = entry.mtime.seconds;
  fixed.ctime_s = entry.ctime.seconds;
  fixed.inode = entry.inode;
  fixed.size = entry.size;
  fixed.device = entry.mount_point ? kMountPointDevice : entry.device;
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&fixed);
  out.insert(out.end(), raw, raw + sizeof fixed);
  ByteWriter writer(out);
  writer.raw(as_bytes(entry.name));
  if (entry.link_device) writer.u64(*entry.link_device);
  if (!entry.xattrs.empty()) encode_xattrs(entry.xattrs, writer);
  if (entry.left_out != LeftOut::None) {
    writer.u8(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.left_out) |
                                        (entry.name_only ? kNameOnly : 0)));
  }
  if (has_extra(entry)) {
    writer.u32(entry.attributes.value_or(0));
    writer.u32(entry.project.value_or(0));
  }
  if (entry.left_out == LeftOut::None) encode_payload(entry, writer);
  const auto length = static_cast<std::uint32_t>(out.size() - start);
  std::memcpy(out.data() + start, &length, sizeof length);
}

Entry decode_entry(ByteView bytes, bool root) {
  ByteReader in(bytes, "tree entry");
  const FixedEntry fixed = load_fixed(in.raw(sizeof(FixedEntry)));
  if (fixed.length != bytes.size()) in.fail("length is wrong");
  if (!is_entry_type(fixed.type)) in.fail("type is unknown");
  if ((fixed.flags & ~kKnownFlags) != 0) in.fail("flags are unknown");
  if (fixed.mode > 07777) in.fail("mode is not a mode");
  if (fixed.mtime_ns >= kNanosecondsPerSecond || fixed.ctime_ns >= kNanosecondsPerSecond) {
    in.fail("time is not a time");
  }
  Entry entry;
  entry.type = static_cast<EntryType>(fixed.type);
  entry.name = as_text(in.raw(fixed.name_length));
  if (root ? !entry.name.empty() : !is_valid_name(entry.name)) in.fail("name is not a file name");
  entry.mode = fixed.mode;
  entry.uid = fixed.uid;
  entry.gid = fixed.gid;
  entry.mtime = {fixed.mtime_s, fixed.mtime_ns};
  entry.ctime = {fixed.ctime_s, fixed.ctime_ns};
  entry.inode = fixed.inode;
  entry.size = fixed.size;
  if (entry.type == EntryType::Directory) {
    if (fixed.device > kMountPointDevice) in.fail("is a directory with the number of a device");
    entry.mount_point = fixed.device == kMountPointDevice;
  } else {
    entry.device = fixed.device;
  }
  entry.unsettled = (fixed.flags & kEntryUnsettled) != 0;
  if ((fixed.flags & kEntryHasLinkDevice) != 0) entry.link_device = in.u64();
  if ((fixed.flags & kEntryHasXattrs) != 0) entry.xattrs = decode_xattrs(in.sized());
  if ((fixed.flags & kEntryLeftOut) != 0) decode_left_out(in, entry);
  decode_extra(in, fixed.flags, entry);
  if (entry.name_only) check_name_only(entry, in);
  if (entry.left_out == LeftOut::None) decode_payload(in, entry);
  in.expect_end();
  return entry;
}

FixedEntry TreeNode::Item::fixed() const { return load_fixed(bytes); }

bool TreeNode::Item::is_directory() const {
  return fixed().type == static_cast<std::uint8_t>(EntryType::Directory);
}

std::optional<ObjectId> TreeNode::Item::tree() const {
  if (!is_directory() || (fixed().flags & kEntryLeftOut) != 0) return std::nullopt;
  return ObjectId::from_bytes(bytes.last(ObjectId::kSize));
}

namespace {

void parse_leaf(ByteReader& in, ByteView bytes, TreeNode& node) {
  while (!in.at_end()) {
    const std::size_t start = in.position();
    const FixedEntry fixed = load_fixed(in.raw(sizeof(FixedEntry)));
    if (fixed.length < sizeof(FixedEntry) + fixed.name_length) in.fail("entry length is wrong");
    in.raw(fixed.length - sizeof(FixedEntry));
    TreeNode::Item item;
    item.bytes = bytes.subspan(start, fixed.length);
    item.name = as_text(item.bytes.subspan(sizeof(FixedEntry), fixed.name_length));
    if (!is_entry_type(fixed.type)) in.fail("entry type is unknown");
    if (!is_valid_name(item.name)) in.fail("entry name is not a file name");
    if (fixed.type == static_cast<std::uint8_t>(EntryType::Directory) &&
        (fixed.flags & kEntryLeftOut) == 0 &&
        fixed.length < sizeof(FixedEntry) + fixed.name_length + ObjectId::kSize) {
      in.fail("directory entry is too short");
    }
    if (!node.items.empty() && node.items.back().name >= item.name) in.fail("names do not ascend");
    node.items.push_back(item);
  }
}

void parse_inner(ByteReader& in, TreeNode& node) {
  node.height = in.u8();
  if (node.height == 0 || node.height > 16) in.fail("height is wrong");
  while (!in.at_end()) {
    TreeNode::Child child;
    child.first_name = as_text(in.sized());
    if (!is_valid_name(child.first_name)) in.fail("child name is not a file name");
    child.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
    if (!node.children.empty() && node.children.back().first_name >= child.first_name) {
      in.fail("names do not ascend");
    }
    node.children.push_back(child);
  }
  if (node.children.empty()) in.fail("inner node without children");
}

}  // namespace

TreeNode TreeNode::parse(ByteView bytes) {
  ByteReader in(bytes, "tree node");
  TreeNode node;
  switch (in.u8()) {
    case kLeaf:
      parse_leaf(in, bytes, node);
      break;
    case kInner:
      node.is_leaf = false;
      parse_inner(in, node);
      break;
    default:
      in.fail("kind is unknown");
  }
  return node;
}

Bytes encode_inner(std::uint8_t height, const std::vector<TreeNode::Child>& children) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(kInner);
  writer.u8(height);
  for (const TreeNode::Child& child : children) {
    writer.sized(as_bytes(child.first_name));
    writer.raw(child.id.view());
  }
  return out;
}

Bytes encode_list(const Content& content) {
  Bytes out;
  ByteWriter writer(out);
  encode_content(content, writer);
  return out;
}

Content decode_list(ByteView bytes) {
  ByteReader in(bytes, "content list");
  Content content = decode_content(in);
  if (content.runs.empty()) in.fail("list is empty");
  return content;
}

}  // namespace snapferry
