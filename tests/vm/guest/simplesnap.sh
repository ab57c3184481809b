# A stock simplesnap and this program under its names, on a host web1 and a store, over sshd with
# a key that can do nothing but run the wrapper. Sourced after common.sh, never run.

ours=$PWD/ours
stock=/usr/sbin
store=backup/simplesnap
mkdir "$ours"
ln -s "$SNAPFERRY" "$ours/simplesnap"
ln -s "$SNAPFERRY" "$ours/simplesnapwrap"
ssh-keygen -q -t ed25519 -N '' -C wrapper -f wrapper_key
sshcmd="ssh -i $PWD/wrapper_key -o IdentitiesOnly=yes -o BatchMode=yes"

# serve_with DIRECTORY: the key runs DIRECTORY's simplesnapwrap and nothing else.
serve_with() {
  sed -i '/ wrapper$/d' /root/.ssh/authorized_keys
  echo "command=\"$1/simplesnapwrap\",restrict $(cat wrapper_key.pub)" >>/root/.ssh/authorized_keys
}

# pull_with DIRECTORY [OPTION…]: DIRECTORY's simplesnap backs web1 up.
pull_with() {
  "$1/simplesnap" --host web1 --setname mainset --store "$store" --sshcmd "$sshcmd" "${@:2}"
}

# Nearly all of the time goes into connections and processes, so most runs are of one volume.
pull_home() { pull_with "$1" --backupdataset source/home "${@:2}"; }

# ask WORD…: the wrapper, as a peer who holds the key may call it.
ask() { $sshcmd web1 -- "$@"; }

# The store is on the same machine, and must not be backed up into itself.
make_volumes() {
  zfs set org.complete.simplesnap:exclude=on backup
  zfs create "$store"
  zfs create source/home
  zfs create -V 8M source/disk
  zfs create -o org.complete.simplesnap:exclude=on source/cache
  change one
}

# change WORD: something new in every volume but the excluded one, which gets it, too.
change() {
  echo "$1" >"/source/home/$1"
  echo "$1" >"/source/cache/$1"
  head -c 100000 /dev/urandom >/source/home/data
  echo "$1" | dd of=/dev/zvol/source/disk conv=notrunc status=none
}

own_snapshots() { snapshots_of "$1" | grep "@__simplesnap_${2:-mainset}_" || true; }
newest_guid() { zfs get -H -o value guid "$(own_snapshots "$1" "${2:-mainset}" | tail -n 1)"; }

# expect_backed_up [VOLUME…]: the newest snapshot of the set on the source is in the store.
expect_backed_up() {
  local volume
  for volume in "${@:-source/home}"; do
    expect "$(newest_guid "$volume")" "$(newest_guid "$store/web1/$volume")" "newest of $volume"
    expect 1 "$(own_snapshots "$volume" | wc -l)" "snapshots of the set left on $volume"
    expect 1 "$(own_snapshots "$store/web1/$volume" | wc -l)" "snapshots of the set kept of $volume"
  done
}

expect_all_backed_up() {
  expect_backed_up source source/home source/disk
  ! zfs list "$store/web1/source/cache" >/dev/null 2>&1 || fail "the excluded volume was backed up"
}

# The files of the newest snapshot in the store, looked at in a clone, are those of the source.
expect_same_home() {
  zfs clone -o readonly=on -o mountpoint="$PWD/clone" -o canmount=on \
    "$(own_snapshots "$store/web1/source/home" | tail -n 1)" backup/clone
  same_files "/source/home/.zfs/snapshot/$(own_snapshots source/home | tail -n 1 | cut -d@ -f2)" "$PWD/clone"
  zfs destroy backup/clone
}
