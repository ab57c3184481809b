// Every source, every store and every target must do at the far end of a connection what it does
// here.

#include "agent/test_remote_place.h"
#include "testing/fake_place.h"
#include "testing/source_contract.h"
#include "testing/store_contract.h"
#include "testing/target_contract.h"

namespace snapferry::testing {
namespace {

const PlaceKind kZfs{
    "RemoteFakeZfs",
    [] { return std::make_unique<agent::RemotePlace>("zfs", make_fake_place(FakeKind::Zfs)); }};
const PlaceKind kBtrfs{
    "RemoteFakeBtrfs",
    [] { return std::make_unique<agent::RemotePlace>("btrfs", make_fake_place(FakeKind::Btrfs)); }};

INSTANTIATE_TEST_SUITE_P(Remote, SourceContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);
INSTANTIATE_TEST_SUITE_P(Remote, StoreContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);
INSTANTIATE_TEST_SUITE_P(Remote, TargetContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);

}  // namespace
}  // namespace snapferry::testing
