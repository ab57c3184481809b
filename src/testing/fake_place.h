#pragma once

#include <memory>

#include "testing/fake_source.h"
#include "testing/replication_place.h"

namespace snapferry::testing {

// Volumes "zfs:pool/NAME" or "btrfs:/pool/NAME" in memory.
std::unique_ptr<ReplicationPlace> make_fake_place(FakeKind kind);

}  // namespace snapferry::testing
