// The contracts of Source, Store and VolumeTarget on a real btrfs.

#include "btrfs/test_place.h"
#include "testing/source_contract.h"
#include "testing/store_contract.h"
#include "testing/target_contract.h"

namespace snapferry::testing {
namespace {

PlaceKind btrfs_kind() {
  return {"btrfs", []() -> std::unique_ptr<ReplicationPlace> {
            if (!BtrfsImage::unavailable().empty()) return nullptr;
            return std::make_unique<btrfs::BtrfsPlace>();
          }};
}

INSTANTIATE_TEST_SUITE_P(All, SourceContract, ::testing::Values(btrfs_kind()), place_kind_name);
INSTANTIATE_TEST_SUITE_P(All, StoreContract, ::testing::Values(btrfs_kind()), place_kind_name);
INSTANTIATE_TEST_SUITE_P(All, TargetContract, ::testing::Values(btrfs_kind()), place_kind_name);

}  // namespace
}  // namespace snapferry::testing
