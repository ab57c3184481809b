# Transfers that are cut: the next runs carry on by themselves.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes
head -c 30000000 /dev/urandom >/source/home/big

# cut_with DIRECTORY: as pull_home, with the connection cut inside the stream.
cat >cut_ssh <<'END'
#!/bin/bash
case "$*" in
  *sendback*) "$@" | head -c 10000000 ;;
  *) exec "$@" ;;
esac
END
chmod +x cut_ssh
cut_with() { ! pull_home "$1" --sshcmd "$PWD/cut_ssh $sshcmd" >/dev/null 2>&1 || fail "a cut transfer was no failure"; }
forget_all() {
  zfs destroy -r "$store"
  zfs create "$store"
  for snapshot in $(own_snapshots source/home; snapshots_of source/home | grep simplesnap_mainsetx || true); do
    zfs destroy "$snapshot" 2>/dev/null || true
  done
}
backed_up() {
  local set=${1:-mainset}
  expect "$(newest_guid source/home "$set")" "$(newest_guid "$store/web1/source/home" "$set")" "newest"
}

# The stock client, from our wrapper: STORE/HOST/source must be there for it.
serve_with "$ours"
pull_with "$stock" --backupdataset source
cut_with "$stock"
pull_home "$stock"
backed_up
expect 1 "$(own_snapshots source/home | wc -l)" "snapshots left"
# Cut in an incremental stream.
head -c 30000000 /dev/urandom >/source/home/big
cut_with "$stock"
pull_home "$stock"
backed_up
# A new store under the old name: everything is sent again, at the latest by the third run.
forget_all
pull_with "$stock" --backupdataset source || pull_with "$stock" --backupdataset source ||
  pull_with "$stock" --backupdataset source
change two
pull_home "$stock"
backed_up

# This client, from our wrapper, in which a wrong guess costs no run.
forget_all
cut_with "$ours"
pull_home "$ours"
backed_up
zfs destroy -r "$store/web1"
pull_home "$ours"
backed_up
expect_same_home

# This client, from a stock wrapper, which cannot send everything again: another set.
forget_all
serve_with "$stock"
cut_with "$ours"
pull_home "$ours" 2>warning
grep -q 'an earlier first transfer never arrived' warning || fail "no warning: $(cat warning)"
backed_up mainsetx2
change three
pull_home "$ours"
backed_up mainsetx2
expect 1 "$(own_snapshots source/home mainsetx2 | wc -l)" "snapshots of the other set left"
"$ours/simplesnap" --check '1 hour ago' --store "$store" --setname mainset ||
  fail "--check does not know the other set"

# A snapshot taken by the run before in the same second: asked for again.
cat >taken_ssh <<'END'
#!/bin/bash
case "$*" in
  *sendback*)
    [ -e asked ] && exec "$@"
    touch asked
    echo "cannot create snapshot 'source/home@a': dataset already exists" >&2
    exit 1
    ;;
  *) exec "$@" ;;
esac
END
chmod +x taken_ssh
pull_home "$ours" --sshcmd "$PWD/taken_ssh $sshcmd"
[ -e asked ] || fail "nothing was asked for"
backed_up mainsetx2

# Killed, not cut: the lock of the dead counts for nothing.
change four
pull_home "$ours" --limit 100k &
until [ -s "/$store/web1/.lock" ]; do sleep 0.2; done
kill -9 "$(cat "/$store/web1/.lock")"
wait || true
pull_home "$ours"
backed_up mainsetx2
