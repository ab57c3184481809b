# What every source and every store must do, on real OpenZFS; and what only ZFS does.
source "$(dirname "$(readlink -f "$0")")/common.sh"

"$GUEST_TEST" --gtest_brief=1 --gtest_filter='Zfs*'
