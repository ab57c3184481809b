#!/usr/bin/env bash
# Two hosts with a real sshd between them, real keys and btrfs on both: what a key may do and
# what not, incremental backups by pull and push, and a cut at any point.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need_root "mounting and sshd"
need /usr/sbin/sshd ssh ssh-keygen mkfs.btrfs fusermount3

# Below /run, because sshd trusts no file of keys below a directory that others may write.
work=$(mktemp -d /run/snapferry-two-hosts.XXXXXX)
images=$(mktemp -d)
tag=$$
network=sf$tag
declare -a mounted=()
sshd_pid=
cleanup() {
  set +e
  [ -z "$sshd_pid" ] || kill "$sshd_pid"
  ip netns del "$network" 2>/dev/null
  ip link del "sfa$tag" 2>/dev/null
  local directory
  for directory in "${mounted[@]}"; do umount -l "$directory"; done
  rm -rf "$work" "$images"
}
trap cleanup EXIT

part() { echo "-- $1 ($SECONDS s)"; }

make_btrfs() { # NAME
  mkdir "$work/$1"
  truncate -s 1G "$images/$1"
  mkfs.btrfs -q "$images/$1" >/dev/null 2>&1
  mount -o loop,nosuid,nodev,noatime "$images/$1" "$work/$1" || skip "cannot mount btrfs on a loop device"
  mounted+=("$work/$1")
}
make_btrfs far
make_btrfs near
far=$work/far near=$work/near

# --- the network: a namespace of its own where the kernel has them, else loopback ---
address=127.0.0.1
in_far=()
if ip netns add "$network" 2>/dev/null &&
  ip link add "sfa$tag" type veth peer name "sfb$tag" netns "$network" 2>/dev/null; then
  ip addr add 198.18.$((tag % 250)).1/30 dev "sfa$tag"
  ip link set "sfa$tag" up
  ip -n "$network" addr add 198.18.$((tag % 250)).2/30 dev "sfb$tag"
  ip -n "$network" link set "sfb$tag" up
  ip -n "$network" link set lo up
  address=198.18.$((tag % 250)).2
  in_far=(ip netns exec "$network")
fi

# --- sshd and keys ---
port=$((20000 + tag % 20000))
mkdir -p /run/sshd "$work/ssh"
chmod 700 "$work/ssh"
for key in host pull push back other; do
  ssh-keygen -q -t ed25519 -N '' -C "$key key" -f "$work/ssh/$key"
done
authorized=$work/ssh/authorized_keys
cat >"$work/ssh/sshd_config" <<EOF
Port $port
ListenAddress $address
HostKey $work/ssh/host
PidFile none
AuthorizedKeysFile $authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
AllowTcpForwarding yes
AllowAgentForwarding yes
PermitTunnel yes
Subsystem sftp internal-sftp
EOF
"${in_far[@]}" /usr/sbin/sshd -D -e -f "$work/ssh/sshd_config" 2>"$work/ssh/log" &
sshd_pid=$!
echo "[$address]:$port $(cut -d' ' -f1,2 "$work/ssh/host.pub")" >"$work/ssh/known_hosts"
cat >"$work/ssh/config" <<EOF
Host web1 pull push back other
  HostName $address
Host web1 pull
  IdentityFile $work/ssh/pull
Host push
  IdentityFile $work/ssh/push
Host back
  IdentityFile $work/ssh/back
Host other
  IdentityFile $work/ssh/other
Host *
  Port $port
  User root
  UserKnownHostsFile $work/ssh/known_hosts
  IdentitiesOnly yes
  BatchMode yes
  ConnectTimeout 10
EOF
nap() { read -rt 0.05 <> <(:) || true; }
connected() { [[ $(ssh -F "$work/ssh/config" other true 2>&1) == *"Permission denied"* ]]; }
for _ in $(seq 50); do
  connected && break
  nap
done
connected || { cat "$work/ssh/log"; failed "sshd does not answer"; exit 1; }

far_ssh=(--ssh-command "ssh -F $work/ssh/config")
snapferry() { "$SNAPFERRY" "$@"; }

# --- comparing ---
sum_of() { # DIRECTORY: one line for its whole content, owners, modes, times and xattrs
  tar -C "$1" --sort=name --format=posix --pax-option=delete=atime,delete=ctime --xattrs \
    --numeric-owner -cf - . | sha256sum
}
# What btrfs itself would send of it, without what no copy can have the same: the temporary names
# of new inodes, how extents are cut, and ctime.
sent_of() { # SNAPSHOT
  btrfs send --no-data "$1" 2>/dev/null | btrfs receive --dump |
    sed -E 's/o[0-9]+-[0-9]+-[0-9]+/NEW/g; s/ ctime=.*//; s/ transid=.*//; /^update_extent/s/ offset=.*//' |
    sort -u | sha256sum
}
newest() { ls -1d "$1"/*/ 2>/dev/null | sort | tail -n 1; }
escaped() { # PATH as a btrfs store names it
  local path=${1#/}
  echo "${path//\//%2F}"
}
require_equal() { # VOLUME STORE HOST
  local snapshot copy
  snapshot=$(newest "$(dirname "$1")/.snapferry/$(basename "$1")")
  copy=$(newest "$2/$3/$(escaped "$1")")
  if [ -z "$snapshot" ] || [ -z "$copy" ]; then
    failed "no snapshot or no copy of $1"
  elif [ "$(basename "$snapshot")" != "$(basename "$copy")" ]; then
    failed "the newest copy of $1 is $copy, not of $snapshot"
  elif [ "$(sum_of "$snapshot")" != "$(sum_of "$copy")" ]; then
    failed "$copy differs from $snapshot"
  elif [ "$(sent_of "$snapshot")" != "$(sent_of "$copy")" ]; then
    failed "$copy is sent differently from $snapshot"
  fi
}
same_as_volume() { # VOLUME STORE HOST
  [ "$(sum_of "$1")" = "$(sum_of "$(newest "$2/$3/$(escaped "$1")")")" ] ||
    failed "the newest copy differs from the volume $1"
}

for volume in data/home data/mail secret; do
  mkdir -p "$(dirname "$far/$volume")"
  btrfs -q subvolume create "$far/$volume"
  mkdir "$far/$volume/directory"
  head -c 3M /dev/urandom >"$far/$volume/directory/file"
  ln -s /etc/passwd "$far/$volume/link"
  echo "$volume" >"$far/$volume/name"
  chown 1000:1000 "$far/$volume/name"
  setfattr -n user.colour -v blue "$far/$volume/name" 2>/dev/null || true
done

part "authorize writes a line once"
authorize=(authorize --key "$work/ssh/pull.pub" --program "$SNAPFERRY" --allow source --set main
  --volume "btrfs:$far/data/**" --sandbox require)
expect 0 snapferry "${authorize[@]}"
grep -q '^command=".*",restrict ssh-ed25519 ' "$work/out" || failed "no line of authorized_keys"
expect 0 snapferry "${authorize[@]}" --write "$authorized"
expect 0 snapferry "${authorize[@]}" --write "$authorized"
[ "$(wc -l <"$authorized")" = 1 ] || failed "authorized_keys has not one line"
expect 2 snapferry authorize --key "$work/ssh/pull" --allow source --set main --volume zfs:tank
says "private key"

pull=(backup "root@web1:btrfs:$far/data/**" --store "btrfs:$near/store" --set main "${far_ssh[@]}")

part "full, incremental, unchanged"
expect 0 snapferry init --store "btrfs:$near/store"
expect 0 snapferry "${pull[@]}"
for volume in home mail; do
  require_equal "$far/data/$volume" "$near/store" web1
  same_as_volume "$far/data/$volume" "$near/store" web1
done
echo more >>"$far/data/home/name"
mv "$far/data/home/directory/file" "$far/data/home/moved"
rm "$far/data/home/link"
sleep_until_next_second() { while [ "$(date +%s)" = "$1" ]; do :; done; }
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${pull[@]}"
require_equal "$far/data/home" "$near/store" web1
same_as_volume "$far/data/home" "$near/store" web1
before=$(find "$near/store" -maxdepth 3 | sort)
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${pull[@]}"
[ "$(find "$near/store" -maxdepth 3 | sort)" = "$before" ] || failed "unchanged volumes were sent"

part "the key can do nothing else"
raw=(ssh -F "$work/ssh/config")
marker=$work/marker
for command in id "touch $marker" "sh -c 'touch $marker'" "snapferry agent; touch $marker" \
  "snapferry agent \$(touch $marker)" "/bin/sh" "snapferry version" "agent"; do
  "${raw[@]}" web1 "$command" >"$work/out" 2>&1 </dev/null || true
  ! grep -q 'uid=' "$work/out" || failed "the key ran: $command"
done
echo "touch $marker" | "${raw[@]}" web1 >"$work/out" 2>&1 || true
echo "touch $marker" | "${raw[@]}" web1 sh >"$work/out" 2>&1 || true
[ ! -e "$marker" ] || failed "the key made a file"
expect 1 "${raw[@]}" web1 id
says "nothing else"
"${raw[@]}" -tt web1 "snapferry agent" >"$work/out" 2>&1 </dev/null || true
says "PTY allocation request failed"
for protocol in -O -s; do
  ! scp "$protocol" -q -F "$work/ssh/config" "web1:$far/secret/name" "$work/stolen" \
    >"$work/out" 2>&1 </dev/null || failed "scp $protocol read a file"
  ! scp "$protocol" -q -F "$work/ssh/config" "$work/ssh/config" "web1:$marker" \
    >"$work/out" 2>&1 </dev/null || failed "scp $protocol wrote a file"
done
[ ! -e "$work/stolen" ] && [ ! -e "$marker" ] || failed "scp went through"
! sftp -F "$work/ssh/config" "web1:$far/secret/name" "$work/stolen" >"$work/out" 2>&1 </dev/null ||
  failed "sftp read a file"
# -W is a direct forwarding without a port of its own.
! "${raw[@]}" -W "$address:$port" web1 >"$work/out" 2>&1 </dev/null || failed "a port was forwarded"
! grep -q '^SSH-2' "$work/out" || failed "a port was forwarded"

part "volumes outside the policy are refused, and others go on"
for outside in "btrfs:$far/secret" "btrfs:$far/data/../secret" zfs:tank; do
  if snapferry backup "root@web1:$outside" --store "btrfs:$near/store" --set main \
    "${far_ssh[@]}" >"$work/out" 2>&1; then
    failed "backed up $outside"
  fi
done
expect 1 snapferry backup "root@web1:btrfs:$far/secret" --store "btrfs:$near/store" --set main \
  "${far_ssh[@]}"
says "policy"
echo again >>"$far/data/home/name"
sleep_until_next_second "$(date +%s)"
expect 3 snapferry backup "root@web1:btrfs:$far/secret" "root@web1:btrfs:$far/data/none" \
  "root@web1:btrfs:$far/data/home" --store "btrfs:$near/store" --set main "${far_ssh[@]}"
says "policy"
says "$far/data/none: "
require_equal "$far/data/home" "$near/store" web1
[ ! -e "$near/store/web1/$(escaped "$far/secret")" ] || failed "the secret was copied"
if snapferry backup "root@web1:btrfs:$far/data/home" --store "btrfs:$near/store" --set foreign \
  "${far_ssh[@]}" >"$work/out" 2>&1; then
  failed "another set was served"
fi
says "set main"
expect 0 snapferry "${pull[@]}"

part "pushing to a store that only takes"
expect 0 snapferry init --store "btrfs:$far/store"
expect 0 snapferry authorize --key "$work/ssh/push.pub" --program "$SNAPFERRY" --allow store \
  --set main --store "btrfs:$far/store" --host laptop --sandbox require --write "$authorized"
mkdir -p "$near/own"
btrfs -q subvolume create "$near/own/work"
head -c 2M /dev/urandom >"$near/own/work/file"
push=(backup "btrfs:$near/own/work" --store "root@push:btrfs:$far/store" --set main --host laptop
  "${far_ssh[@]}")
expect 0 snapferry "${push[@]}"
require_equal "$near/own/work" "$far/store" laptop
echo more >"$near/own/work/second"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${push[@]}"
require_equal "$near/own/work" "$far/store" laptop
kept=$(find "$far/store" -maxdepth 3 | sort)
if snapferry prune --keep-last 1 --store "root@push:btrfs:$far/store" "${far_ssh[@]}" \
  >"$work/out" 2>&1; then
  failed "a client pruned"
fi
if snapferry backup "btrfs:$near/own/work" --store "root@push:btrfs:$far/store" --set main \
  --host another "${far_ssh[@]}" >"$work/out" 2>&1; then
  failed "a client wrote for another host"
fi
if snapferry restore latest --target "$work/restored" --store "root@push:btrfs:$far/store" \
  "${far_ssh[@]}" >"$work/out" 2>&1; then
  failed "a client read back"
fi
[ "$(find "$far/store" -maxdepth 3 | sort)" = "$kept" ] || failed "a client changed the store"

part "a push notices a copy that somebody changed, and a volume that was renamed"
copy=$(newest "$far/store/laptop/$(escaped "$near/own/work")")
btrfs property set -f "${copy%/}" ro false
expect 1 snapferry check --max-age 1d --store "root@push:btrfs:$far/store" --host laptop "${far_ssh[@]}"
says "@$(basename "$copy") was made writable"
echo again >"$near/own/work/second"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${push[@]}"
says "that copy is set aside, whole"
require_equal "$near/own/work" "$far/store" laptop
expect 0 snapferry forget --yes --all "laptop:btrfs:$near/own/work.diverged-1" --store "btrfs:$far/store"
mv "$near/own/work" "$near/own/renamed"
echo renamed >"$near/own/renamed/second"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry backup "btrfs:$near/own/renamed" "${push[@]:2}"
says "renamed: was named btrfs:$near/own/work before"
says "incremental"
require_equal "$near/own/renamed" "$far/store" laptop
[ ! -e "$far/store/laptop/$(escaped "$near/own/work")" ] || failed "the old name is still there"
mv "$near/own/renamed" "$near/own/work"
echo back >"$near/own/work/second"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${push[@]}"
require_equal "$near/own/work" "$far/store" laptop

children_of() { ps -o pid= --ppid "$1" 2>/dev/null || true; }
descendants_of() {
  local child
  for child in $(children_of "$1"); do
    echo "$child"
    descendants_of "$child"
  done
}
part "files out of a store on another machine, for a key that may restore"
expect 0 snapferry authorize --key "$work/ssh/back.pub" --program "$SNAPFERRY" --allow store \
  --allow restore --set main --store "btrfs:$far/store" --host laptop --sandbox require \
  --write "$authorized"
far_store=(--store "root@back:btrfs:$far/store" --host laptop "${far_ssh[@]}")
mkdir -p "$near/own/work/deep/er"
for number in $(seq 300); do echo "$number" >"$near/own/work/deep/er/file$number"; done
echo plain >"$near/own/work/deep/text"
truncate -s 40M "$near/own/work/deep/sparse"
echo end >>"$near/own/work/deep/sparse"
ln -s text "$near/own/work/deep/link"
ln "$near/own/work/deep/text" "$near/own/work/deep/second name"
chown 1234:1234 "$near/own/work/deep/text"
chmod 0600 "$near/own/work/deep/text"
chmod 0700 "$near/own/work/deep/er"
chown 1234:1234 "$near/own/work/deep/er"
setfattr -n user.colour -v red "$near/own/work/deep/text" 2>/dev/null || true
# A link out of the volume, and a subvolume in it: neither is followed.
ln -s "$far/secret" "$near/own/work/deep/out"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${push[@]}"
require_equal "$near/own/work" "$far/store" laptop
work_volume="btrfs:$near/own/work"
expect 0 snapferry ls "$work_volume" deep "${far_store[@]}"
says "sparse"
says "link -> text"
expect 0 snapferry ls "$work_volume" -R "${far_store[@]}"
says "deep/er/file300"
expect 0 snapferry cat "$work_volume" deep/er/file17 "${far_store[@]}"
[ "$(cat "$work/out")" = 17 ] || failed "cat shows something else"
snapferry cat "$work_volume" file "${far_store[@]}" 2>"$work/out" | cmp - "$near/own/work/file" ||
  failed "cat shows something else"
expect 0 snapferry find 'file30*' "${far_store[@]}"
says "deep/er/file300"
snapshots=$(snapferry list "${far_store[@]}" --quiet 2>/dev/null | cut -d' ' -f1)
[ "$(wc -l <<<"$snapshots")" -ge 3 ] || failed "not all snapshots are listed: $snapshots"
expect 0 snapferry diff "$(head -n 1 <<<"$snapshots")" "$(tail -n 1 <<<"$snapshots")" \
  "${far_store[@]}"
says "deep"
expect 0 snapferry restore "$work_volume" deep --target "$work/deep" "${far_store[@]}"
[ "$(sum_of "$near/own/work/deep")" = "$(sum_of "$work/deep/deep")" ] ||
  failed "what was restored differs"
expect 0 snapferry restore "$work_volume" --target "$work/whole" "${far_store[@]}"
[ "$(sum_of "$near/own/work")" = "$(sum_of "$work/whole")" ] || failed "what was restored differs"
[ "$(stat -c %b "$work/whole/deep/sparse")" -lt 1000 ] || failed "a hole was filled"
[ ! -e "$work/whole/deep/out/name" ] || [ -L "$work/whole/deep/out" ] || failed "a link was followed"
expect 1 snapferry cat "$work_volume" deep/out/name "${far_store[@]}"
if [ -c /dev/fuse ]; then
  mkdir "$work/look"
  snapferry mount "$work/look" "${far_store[@]}" >"$work/mount.out" 2>&1 </dev/null &
  mount_pid=$!
  for _ in $(seq 200); do
    mountpoint -q "$work/look" && break
    nap
  done
  looked_at=$(find "$work/look" -name latest -print -quit 2>/dev/null)/deep
  [ -d "$looked_at" ] || { cat "$work/mount.out"; failed "nothing is mounted"; }
  [ "$(cat "$looked_at/er/file1" 2>&1)" = 1 ] || failed "another file is mounted"
  # The far end dies; whoever looks afterwards sees the files again.
  for pid in $(descendants_of "$sshd_pid"); do
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" != "$(readlink -f "$SNAPFERRY")" ] ||
      kill -9 "$pid" 2>/dev/null || true
  done
  cat "$looked_at/er/file2" >/dev/null 2>&1 || true
  diff -r --no-dereference "$near/own/work/deep" "$looked_at" >"$work/out" 2>&1 ||
    failed "what is mounted differs"
  umount "$work/look"
  wait "$mount_pid" || failed "mount did not end well"
fi

part "files are not shown without --allow restore, nor those of other hosts"
for command in "ls $work_volume" "cat $work_volume file" "find file" \
  "restore $work_volume --target $work/stolen"; do
  # shellcheck disable=SC2086
  expect 1 snapferry $command --store "root@push:btrfs:$far/store" --host laptop "${far_ssh[@]}"
  says "--allow restore"
done
[ ! -e "$work/stolen/file" ] || failed "a client read back"
expect 1 snapferry ls "another:$work_volume" --store "root@back:btrfs:$far/store" --host another \
  "${far_ssh[@]}"
says "laptop alone"

part "a cut connection is made again, and a program that is killed leaves nothing unmended"
agents() { # of our sshd alone
  local pid
  for pid in $(descendants_of "$sshd_pid"); do
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" != "$(readlink -f "$SNAPFERRY")" ] || echo "$pid"
  done
}
begun() { [ -n "$(agents)" ]; }
# What is cut while the two still introduce themselves is a host that cannot be reached.
frozen() { [ "$(find "$far/data/.snapferry/home" -mindepth 1 -maxdepth 1 | wc -l)" -ge 2 ]; }
receiving() { [ -n "$(find "$1" -name .partial 2>/dev/null)" ]; }
wait_until() { # CONDITION…: while $program runs
  until "$@"; do
    kill -0 "$program" 2>/dev/null || return 1
    nap
  done
}
kill_victim() {
  local pid
  case $1 in
    ssh) for pid in $(children_of "$program"); do kill -9 "$pid" 2>/dev/null || true; done ;;
    agent) for pid in $(agents); do kill -9 "$pid" 2>/dev/null || true; done ;;
    program) kill -9 "$program" ;;
  esac
}
cut() { # VICTIM CONDITION… -- COMMAND…
  local victim=$1 condition=()
  shift
  while [ "$1" != -- ]; do condition+=("$1") && shift; done
  shift
  sleep_until_next_second "$(date +%s)"
  "$SNAPFERRY" "$@" --limit-rate 4M >"$work/out" 2>&1 </dev/null &
  program=$!
  local started=$SECONDS
  wait_until "${condition[@]}" || failed "ended before it could be cut"
  kill_victim "$victim"
  local status=0
  wait "$program" 2>/dev/null || status=$?
  case $victim in
    program) [ "$status" = 137 ] || failed "was not killed, but ended with $status" ;;
    *) [ "$status" = 0 ] || failed "did not carry on where its $victim was killed" ;;
  esac
  [ $((SECONDS - started)) -le 20 ] || failed "took $((SECONDS - started)) s after a cut"
  sleep_until_next_second "$(date +%s)"
}
round=0
for victim in ssh agent program; do
  for condition in frozen "receiving $near/store"; do
    round=$((round + 1))
    head -c 12M /dev/urandom >"$far/data/home/big"
    echo "$round" >"$far/data/mail/round"
    # shellcheck disable=SC2086
    cut "$victim" $condition -- "${pull[@]}"
    expect 0 snapferry "${pull[@]}"
    for volume in home mail; do
      require_equal "$far/data/$volume" "$near/store" web1
      same_as_volume "$far/data/$volume" "$near/store" web1
    done
    ! receiving "$near/store" || failed "half a snapshot was left"
  done
done

part "a push that is cut, too"
for victim in ssh agent program; do
  head -c 12M /dev/urandom >"$near/own/work/big"
  cut "$victim" receiving "$far/store" -- "${push[@]}"
  expect 0 snapferry "${push[@]}"
  require_equal "$near/own/work" "$far/store" laptop
  ! receiving "$far/store" || failed "half a snapshot was left"
done

part "one line for whoever has to mend it"
one_line() { # TEXT VOLUME
  local status=0
  snapferry backup "$2" --store "btrfs:$near/store" --set main "${far_ssh[@]}" \
    >"$work/out" 2>&1 </dev/null || status=$?
  [ "$status" != 0 ] || failed "succeeded: $2"
  says "$1"
  [ "$(grep -c . "$work/out")" -le 2 ] || failed "more than a line for $2"
}
one_line "unknown host" "root@no-such-host.invalid:btrfs:$far/data/**"
one_line "refused the key" "root@other:btrfs:$far/data/**"
echo "command=\"/no/such/snapferry agent\",restrict $(cat "$work/ssh/other.pub")" >>"$authorized"
one_line "snapferry" "root@other:btrfs:$far/data/**"

part "a store is made over there, the one of the key alone"
kept_for() { # NAME OPTIONS…: a key of its own for `ssh NAME`
  local name=$1
  shift
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$work/ssh/$name"
  expect 0 snapferry authorize --key "$work/ssh/$name.pub" --program "$SNAPFERRY" --set main \
    --sandbox require --write "$authorized" "$@"
  sed -i "1i Host $name\n  HostName $address\n  IdentityFile $work/ssh/$name" "$work/ssh/config"
}
kept_for new --allow store --store "btrfs:$far/fresh" --host laptop
fresh="root@new:btrfs:$far/fresh"
expect 10 snapferry backup "btrfs:$near/own/work" --store "$fresh" --set main --host laptop "${far_ssh[@]}"
[ ! -e "$far/fresh" ] || failed "a store was made that nobody asked for"
for other in "$far/other" "$far/fresh/x" "$far" "$far/fresh/../other"; do
  if snapferry init --store "root@new:btrfs:$other" "${far_ssh[@]}" >"$work/out" 2>&1; then
    failed "made $other"
  fi
done
[ ! -e "$far/fresh" ] && [ ! -e "$far/other" ] || failed "another store was made"
expect 0 snapferry init --store "$fresh" "${far_ssh[@]}"
[ "$(stat -c %a "$far/fresh")" = 700 ] || failed "the store is open to others"
expect 1 snapferry init --store "$fresh" "${far_ssh[@]}"
says "is a store already"
expect 0 snapferry backup "btrfs:$near/own/work" --store "$fresh" --set main --host laptop \
  "${far_ssh[@]}"
require_equal "$near/own/work" "$far/fresh" laptop
kept_for empty --allow store --store "btrfs:$far/empty" --host laptop
mkdir "$far/empty"
expect 0 snapferry init --store "root@empty:btrfs:$far/empty" "${far_ssh[@]}"
[ "$(stat -c %a "$far/empty")" = 700 ] || failed "the store is open to others"
expect 1 snapferry init --store "root@web1:btrfs:$far/third" "${far_ssh[@]}"
says "--allow store"

part "a volume is restored to the other host, and its next backup is incremental"
restored=$far/data/restored
back=(restore "web1:btrfs:$far/data/home" --store "btrfs:$near/store")
expect 1 snapferry "${back[@]}" --target "root@web1:btrfs:$restored" "${far_ssh[@]}"
says "--allow target"
kept_for home --allow target --volume "btrfs:$restored"
target="root@home:btrfs:$restored"
expect 0 snapferry doctor "$target" "${far_ssh[@]}"
says "can be restored to it"
for place in "$far/data/home" "$far/secret" "$far/data/new" "$far/data/.snapferry/home/forged"; do
  before=$(find "$far/data" "$far/secret" -maxdepth 3 | sort)
  expect 1 snapferry "${back[@]}" --target "root@home:btrfs:$place" "${far_ssh[@]}"
  says "policy"
  [ "$(find "$far/data" "$far/secret" -maxdepth 3 | sort)" = "$before" ] || failed "$place was made"
done
if snapferry backup "root@home:btrfs:$far/data/home" --store "btrfs:$near/store" --set main \
  "${far_ssh[@]}" >"$work/out" 2>&1; then
  failed "the key of a restore reads"
fi
expect 0 snapferry "${back[@]}" --target "$target" "${far_ssh[@]}" --dry-run
[ ! -e "$restored" ] || failed "a dry run restored"
expect 0 snapferry "${back[@]}" --target "$target" "${far_ssh[@]}"
[ "$(sum_of "$restored")" = "$(sum_of "$(newest "$near/store/web1/$(escaped "$far/data/home")")")" ] ||
  failed "what was restored differs"
expect 1 snapferry "${back[@]}" --target "$target" "${far_ssh[@]}"
says "is there already"
head -c 1M /dev/urandom >"$restored/new"
mv "$far/data/home" "$far/lost"
mv "$restored" "$far/data/home"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${pull[@]}" --json
grep -F "$far/data/home" "$work/out" | grep -q '"base":"@snapferry_main_' ||
  failed "the backup after a restore is not incremental"
require_equal "$far/data/home" "$near/store" web1
same_as_volume "$far/data/home" "$near/store" web1

part "a restore that is cut is made again"
kept_for again --allow target --volume "btrfs:$far/data/again"
again=("${back[@]}" --target "root@again:btrfs:$far/data/again" "${far_ssh[@]}")
head -c 96M /dev/urandom >"$far/data/home/big"
sleep_until_next_second "$(date +%s)"
expect 0 snapferry "${pull[@]}"
for victim in ssh agent program; do
  status=0
  "$SNAPFERRY" "${again[@]}" >"$work/out" 2>&1 </dev/null &
  program=$!
  if wait_until receiving "$far/data/.snapferry/again"; then kill_victim "$victim"; fi
  wait "$program" 2>/dev/null || status=$?
  [ "$status" != 0 ] || failed "ended before its $victim could be killed"
  while begun; do nap; done
  [ ! -e "$far/data/again" ] || failed "half a volume was made"
done
expect 0 snapferry "${again[@]}"
[ "$(sum_of "$far/data/again")" = "$(sum_of "$far/data/home")" ] || failed "it differs from home"
! receiving "$far/data/.snapferry/again" || failed "half a snapshot was left"

part "a key without a command of its own does all of it"
ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/plain"
# As where snapferry is installed: in the PATH of sshd.
mkdir "$work/bin"
ln -s "$SNAPFERRY" "$work/bin/snapferry"
echo "PermitUserEnvironment PATH" >>"$work/ssh/sshd_config"
echo "environment=\"PATH=$work/bin:$PATH\" $(cat "$work/ssh/plain.pub")" >>"$authorized"
sed -i "1i Host plain\n  HostName $address\n  IdentityFile $work/ssh/plain" "$work/ssh/config"
kill -HUP "$sshd_pid"
for _ in $(seq 50); do
  connected && break
  nap
done
expect 0 snapferry init --store "root@plain:btrfs:$far/it's plain" "${far_ssh[@]}"
[ -d "$far/it's plain" ] || failed "no store was made"
expect 0 snapferry "${back[@]}" --target "root@plain:btrfs:$far/data/plain volume" "${far_ssh[@]}"
[ "$(sum_of "$far/data/plain volume")" = "$(sum_of "$far/data/home")" ] || failed "it differs from home"
expect 0 snapferry backup "root@plain:btrfs:$far/data/plain volume" --store "btrfs:$near/store" \
  --set main "${far_ssh[@]}"
expect 0 snapferry backup "btrfs:$near/own/work" --store "root@plain:btrfs:$far/it's plain" \
  --set main --host laptop "${far_ssh[@]}"
expect 0 snapferry ls latest --store "root@plain:btrfs:$far/it's plain" --host laptop "${far_ssh[@]}"

part "doctor"
expect 0 snapferry doctor root@web1 "${far_ssh[@]}"
says "sandbox files"
expect 0 snapferry doctor "root@web1:btrfs:$far/data/**" "${far_ssh[@]}" --json
says '"verdict":"good"'
expect 1 snapferry doctor "root@web1:btrfs:$far/secret" "${far_ssh[@]}"
says "missing"
expect 1 snapferry doctor root@no-such-host.invalid "${far_ssh[@]}"

finish
