# With the bookmarks property no snapshot of the set stays on the source; both ends, ours and stock.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes
zfs set org.complete.simplesnap:createbookmarks=on source/home

expect_bookmark() {
  expect "" "$(own_snapshots source/home)" "snapshots of the set left"
  local bookmark
  bookmark=$(zfs list -H -o name -t bookmark source/home)
  expect "$(zfs get -H -o value guid "$bookmark")" "$(newest_guid "$store/web1/source/home")" "the bookmark"
}

serve_with "$ours"
pull_home "$ours"
expect_bookmark
change two
pull_home "$stock"
expect_bookmark

# Until the receive is confirmed, nothing takes the place of the bookmark that it goes from.
change three
ask simplesnapwrap sendback mainset source/home >/dev/null
expect 1 "$(own_snapshots source/home | wc -l)" "snapshots of what was not confirmed"
pull_home "$stock"
expect_bookmark

serve_with "$stock"
change four
pull_home "$ours"
expect_bookmark
serve_with "$ours"
change five
pull_home "$ours"
expect_bookmark
