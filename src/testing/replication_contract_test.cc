#include "testing/fake_place.h"
#include "testing/source_contract.h"
#include "testing/store_contract.h"
#include "testing/target_contract.h"

namespace snapferry::testing {
namespace {

const PlaceKind kZfs{"FakeZfs", [] { return make_fake_place(FakeKind::Zfs); }};
const PlaceKind kBtrfs{"FakeBtrfs", [] { return make_fake_place(FakeKind::Btrfs); }};

INSTANTIATE_TEST_SUITE_P(All, SourceContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);
INSTANTIATE_TEST_SUITE_P(All, StoreContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);
INSTANTIATE_TEST_SUITE_P(All, TargetContract, ::testing::Values(kZfs, kBtrfs), place_kind_name);

}  // namespace
}  // namespace snapferry::testing
