#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "tree/owner_map.h"
#include "tree/owners.h"

namespace snapferry::tree {

// POSIX ACLs as Linux keeps them in extended attributes (linux/posix_acl_xattr.h): a version, and
// for each entry a tag, the permissions, and for those of named users and groups a number.
inline constexpr std::string_view kAccessAcl = "system.posix_acl_access";
inline constexpr std::string_view kDefaultAcl = "system.posix_acl_default";

inline bool is_posix_acl(std::string_view xattr) {
  return xattr == kAccessAcl || xattr == kDefaultAcl;
}

// Adds whom the ACL names. Nothing for what is no ACL that Linux knows.
void add_acl_ids(ByteView acl, OwnerIds& users, OwnerIds& groups);
// Those of all ACLs of an encoded entry (core/tree_node.h), of which nothing else is looked at.
void add_acl_ids_of_entry(ByteView entry, OwnerIds& users, OwnerIds& groups);

// The same ACL for whom `owners` says that its users and groups are here. Two that become the same
// one keep what both had. Unchanged what is no ACL that Linux knows.
Bytes map_acl(ByteView acl, const OwnerMap& owners);

// The mode of a file that was to have this access ACL and has none: nobody has more rights by it
// than with the ACL. The bits of the group are the mask in `mode`, and a user who is named may have
// less than everyone.
std::uint32_t mode_without_acl(std::uint32_t mode, ByteView acl);

}  // namespace snapferry::tree
