#!/usr/bin/env bash
# A repository of format version 1, as programs of its time made it (tests/repositories/version_1,
# without its spare room): it is listed, verified, restored, backed up into and pruned, and stays of
# version 1, so that those programs can go on using it.
source "$(dirname "$(readlink -f "$0")")/script.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$tests/repositories/version_1" "$work/store"
cd "$work"
export SNAPFERRY_STORE=repo:$work/store SNAPFERRY_PASSWORD='only for tests'
export SNAPFERRY_CACHE=$work/cache
is_version_1() {
  expect 0 "$SNAPFERRY" debug cat config
  says '"version": 1,'
}

echo "== is read"
is_version_1
expect 0 "$SNAPFERRY" list
for text in d37a47d6 314dae76 a51349d5 web1:/srv/data web1:stdin:shop.sql; do says "$text"; done
expect 0 "$SNAPFERRY" verify --read-data
expect 0 "$SNAPFERRY" ls web1:/srv/data -R
for text in 'scratch.tmp (left out: excluded)' 'prw-r--r--' '-> ../text'; do says "$text"; done
expect 0 "$SNAPFERRY" check web1:/srv/data --max-age 3650d
expect 1 "$SNAPFERRY" check web1:/srv/never --max-age 3650d
expect 0 "$SNAPFERRY" diff d37a47d6 314dae76
says text

echo "== is restored"
restored() { # SNAPSHOT DIRECTORY
  local status=0
  "$SNAPFERRY" restore "$1" --target "$2" -q >"$work/out" 2>&1 || status=$?
  # Only root can give files their owners, and some filesystems have no attributes of users.
  [ "$status" = 0 ] || [ "$status" = 3 ] || failed "restore ended with $status"
}
restored d37a47d6 first
[ "$(cat first/text)" = 'first line' ] || failed "the first text is another"
[ -e first/empty ] && [ ! -s first/empty ] || failed "the empty file is not there"
restored 314dae76 second
printf 'first line\nsecond line\n' | cmp - second/text || failed "the second text is another"
[ ! -e second/empty ] || failed "what was removed is there"
[ second/text -ef second/sub/linked ] || failed "the hard link is another file"
[ "$(readlink second/sub/symlink)" = ../text ] || failed "the symlink leads elsewhere"
[ -p second/sub/pipe ] || failed "the pipe is none"
seq 1 20000 | cmp - second/numbers || failed "the numbers are others"
echo '61299d0bbccc1584bdcc3cad61c7adf9ab192e9ac63d93138e687acab4150b87  second/sparse' |
  sha256sum --quiet -c || failed "the sparse file is another"
[ "$(du -k second/sparse | cut -f1)" -lt 50000 ] || failed "the sparse file has lost its holes"
[ "$(stat -c %a second/sub/deeper)" = 700 ] || failed "the mode is another"
expect 0 "$SNAPFERRY" cat a51349d5
says dump

echo "== is backed up into"
mkdir tree
seq 1 20000 >tree/numbers
echo new >tree/new
expect 0 "$SNAPFERRY" backup --host web1 tree --json
says '"bytes_added":'
expect 0 "$SNAPFERRY" backup --host web1 tree --json
says '"files_unchanged":2'
rm -rf cache # all there is to know is in the storage
expect 0 "$SNAPFERRY" verify --read-data
restored "web1:$work/tree" third
diff -r tree third || failed "what was backed up now is restored as something else"

echo "== is pruned"
expect 0 "$SNAPFERRY" prune --keep-last 1
expect 0 "$SNAPFERRY" list
says_not d37a47d6
says 314dae76
expect 0 "$SNAPFERRY" verify --read-data
restored 314dae76 again
diff -r --exclude=pipe second again || failed "a prune changed what is restored"
is_version_1

finish
