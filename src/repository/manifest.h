#pragma once

#include <cstdint>

#include "core/bytes.h"
#include "core/snapshot.h"

namespace snapferry::repository {

// What makes a snapshot exist: FORMAT.md, "Trees, lists and manifests".
struct Manifest {
  Snapshot snapshot;
  ObjectId claim;  // that it was written under; zeros in version 1
};

// The payload of a snapshot object, of the newest version that a repository of format `format`
// takes (repository/config.h). The id is not part of it, nor is a token that it has no room for.
Bytes encode_manifest(const Manifest& manifest, std::uint32_t format);

// Of any version. Throws Corrupt naming the snapshot.
Manifest decode_manifest(ByteView bytes, const ObjectId& id);

}  // namespace snapferry::repository
