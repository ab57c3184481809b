#pragma once

#include "core/bytes.h"
#include "core/snapshot.h"

namespace snapferry::repository {

// The payload of a snapshot object. The id is not part of it.
Bytes encode_manifest(const Snapshot& snapshot);

// Throws Corrupt naming the snapshot.
Snapshot decode_manifest(ByteView bytes, const ObjectId& id);

}  // namespace snapferry::repository
