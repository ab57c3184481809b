# A stock simplesnap backs up from this program, installed as simplesnapwrap.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes
serve_with "$ours"

refuses ask
[[ $(ask || true) == *"This program is to be run from ssh."* ]] || fail "no hint for who sets it up"
expect "$(printf 'source\nsource/disk\nsource/home')" "$(ask simplesnapwrap listfs | sort)" "listfs"

pull_with "$stock"
expect_all_backed_up
expect_same_home
[[ $(own_snapshots source/home) =~ @__simplesnap_mainset_[0-9-]{10}T[0-9:]{8}__$ ]] || fail "name"

# What others snapshot in between comes along; their snapshots stay at both ends.
zfs snapshot source/home@daily
change two
pull_home "$stock"
expect_backed_up
expect_same_home
zfs list source/home@daily "$store/web1/source/home@daily" >/dev/null || fail "@daily did not come along"

# Another set has its own chain.
before=$(newest_guid source/home)
pull_with "$stock" --setname other --backupdataset source/home --datasetdest backup/other
expect "$before" "$(newest_guid source/home)" "the first set's snapshot"
expect "$(newest_guid source/home other)" "$(newest_guid backup/other other)" "newest of the other set"

# Excluded is excluded for every verb.
for verb in sendback reap; do
  refuses ask simplesnapwrap "$verb" mainset source/cache
  [[ $refusal == *"source/cache: is excluded"* ]] || fail "$verb of an excluded volume: $refusal"
done
expect "" "$(snapshots_of source/cache)" "snapshots of the excluded volume"
