// The contracts of Source, Store and VolumeTarget on a real btrfs at the far end of a connection.

#include "agent/test_remote_place.h"
#include "btrfs/test_place.h"
#include "testing/source_contract.h"
#include "testing/store_contract.h"
#include "testing/target_contract.h"

namespace snapferry::testing {
namespace {

PlaceKind kind() {
  return {"RemoteBtrfs", []() -> std::unique_ptr<ReplicationPlace> {
            if (!BtrfsImage::unavailable().empty()) return nullptr;
            return std::make_unique<agent::RemotePlace>("btrfs",
                                                        std::make_unique<btrfs::BtrfsPlace>());
          }};
}

INSTANTIATE_TEST_SUITE_P(RemoteBtrfs, SourceContract, ::testing::Values(kind()), place_kind_name);
INSTANTIATE_TEST_SUITE_P(RemoteBtrfs, StoreContract, ::testing::Values(kind()), place_kind_name);
INSTANTIATE_TEST_SUITE_P(RemoteBtrfs, TargetContract, ::testing::Values(kind()), place_kind_name);

}  // namespace
}  // namespace snapferry::testing
