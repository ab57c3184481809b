#include "tree/posix_acl.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "core/bytes.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

constexpr std::uint32_t kVersion = 2;  // POSIX_ACL_XATTR_VERSION
constexpr std::size_t kHeaderSize = 4;
constexpr std::size_t kEntrySize = 8;

// e_tag, linux/posix_acl.h.
enum Tag : std::uint16_t { kUser = 0x02, kGroupOfFile = 0x04, kGroup = 0x08, kMask = 0x10 };

struct AclEntry {
  std::uint16_t tag = 0;
  std::uint16_t permissions = 0;
  std::uint32_t id = 0;
};

std::uint32_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = size; i > 0; --i) number = number << 8 | bytes[at + i - 1];
  return number;
}

void put_number(std::uint32_t number, std::size_t size, Bytes& out) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(number >> 8 * i));
}

std::optional<std::vector<AclEntry>> parse(ByteView acl) {
  if (acl.size() < kHeaderSize || (acl.size() - kHeaderSize) % kEntrySize != 0) return std::nullopt;
  if (number_at(acl, 0, 4) != kVersion) return std::nullopt;
  std::vector<AclEntry> entries;
  for (std::size_t at = kHeaderSize; at < acl.size(); at += kEntrySize) {
    entries.push_back({static_cast<std::uint16_t>(number_at(acl, at, 2)),
                       static_cast<std::uint16_t>(number_at(acl, at + 2, 2)),
                       number_at(acl, at + 4, 4)});
  }
  return entries;
}

Bytes format(const std::vector<AclEntry>& entries) {
  Bytes out;
  put_number(kVersion, 4, out);
  for (const AclEntry& entry : entries) {
    put_number(entry.tag, 2, out);
    put_number(entry.permissions, 2, out);
    put_number(entry.id, 4, out);
  }
  return out;
}

bool is_named(const AclEntry& entry) { return entry.tag == kUser || entry.tag == kGroup; }

bool same_subject(const AclEntry& a, const AclEntry& b) { return a.tag == b.tag && a.id == b.id; }

}  // namespace

void add_acl_ids(ByteView acl, OwnerIds& users, OwnerIds& groups) {
  const auto entries = parse(acl);
  if (!entries) return;
  for (const AclEntry& entry : *entries) {
    if (is_named(entry)) (entry.tag == kUser ? users : groups).add(entry.id);
  }
}

void add_acl_ids_of_entry(ByteView entry, OwnerIds& users, OwnerIds& groups) {
  FixedEntry fixed;
  if (entry.size() < sizeof fixed) return;
  std::memcpy(&fixed, entry.data(), sizeof fixed);
  if ((fixed.flags & kEntryHasXattrs) == 0) return;
  ByteReader in(entry.subspan(sizeof fixed), "tree entry");
  in.raw(fixed.name_length);
  if ((fixed.flags & kEntryHasLinkDevice) != 0) in.u64();
  ByteReader xattrs(in.sized(), "tree entry");
  while (!xattrs.at_end()) {
    const ByteView name = xattrs.raw(xattrs.u16());
    const ByteView value = xattrs.sized();
    if (is_posix_acl(as_text(name))) add_acl_ids(value, users, groups);
  }
}

Bytes map_acl(ByteView acl, const OwnerMap& owners) {
  auto entries = parse(acl);
  if (!entries) return Bytes(acl.begin(), acl.end());
  bool changed = false;
  for (AclEntry& entry : *entries) {
    if (!is_named(entry)) continue;
    const std::uint32_t before = entry.id;
    entry.id = entry.tag == kUser ? owners.user(before) : owners.group(before);
    changed |= entry.id != before;
  }
  if (!changed) return Bytes(acl.begin(), acl.end());
  // Tags stay in their order; filesystems and setfacl(1) keep numbers in theirs.
  std::stable_sort(entries->begin(), entries->end(), [](const AclEntry& a, const AclEntry& b) {
    return a.tag != b.tag ? a.tag < b.tag : is_named(a) && a.id < b.id;
  });
  std::vector<AclEntry> merged;
  for (const AclEntry& entry : *entries) {
    if (!merged.empty() && is_named(entry) && same_subject(merged.back(), entry)) {
      merged.back().permissions &= entry.permissions;
    } else {
      merged.push_back(entry);
    }
  }
  return format(merged);
}

std::uint32_t mode_without_acl(std::uint32_t mode, ByteView acl) {
  const auto entries = parse(acl);
  if (!entries) return mode & ~070u;
  std::uint32_t mask = 07;
  for (const AclEntry& entry : *entries) {
    if (entry.tag == kMask) mask = entry.permissions;
  }
  std::uint32_t group = mode >> 3 & 07;
  std::uint32_t others = mode & 07;
  for (const AclEntry& entry : *entries) {
    const std::uint32_t effective = entry.permissions & mask;
    // Whoever is in the group and in another that is named has the rights of both.
    if (entry.tag == kGroupOfFile || entry.tag == kUser) group &= effective;
    if (is_named(entry)) others &= effective;
  }
  return (mode & ~077u) | group << 3 | others;
}

}  // namespace snapferry::tree
