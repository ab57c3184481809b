# What the tests of agents share. Sourced, never run.
source "$(dirname "$(readlink -f "$0")")/common.sh"

succeeds() {
  said=$("$@" 2>&1 </dev/null) || fail "exit status $?: $*; said: $said"
}
# eventually COMMAND…: what is only true a moment after a process has ended.
eventually() {
  local try
  for try in {1..200}; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "never so, after $try tries: $*"
}
says() { [[ ${said:-}${refusal:-} == *"$1"* ]] || fail "not said: '$1' in: ${said:-}${refusal:-}"; }

# authorize NAME USER OPTIONS…: a key of its own, and a name for ssh that uses it.
authorize() {
  local name=$1 user=$2 home
  shift 2
  home=$(getent passwd "$user" | cut -d: -f6)
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$PWD/$name"
  succeeds "$SNAPFERRY" authorize --key "$name.pub" --program "$SNAPFERRY" --set main \
    --write "$home/.ssh/authorized_keys" "$@"
  cat >>ssh_config <<END
Host $name
  HostName localhost
  HostKeyAlias localhost
  User $user
  IdentityFile $PWD/$name
  IdentitiesOnly yes
  BatchMode yes
END
}
remote=(--ssh-command "ssh -F $PWD/ssh_config")
# Snapshots of the next run get another name, and the property `written` knows of what was written
# so far: it counts what reached the pool.
next_second() {
  local now=$SECONDS
  zpool sync source
  while [ "$now" = "$SECONDS" ]; do :; done
}

# release_all DATASET: the holds of all snapshots there and below.
release_all() {
  local snapshot tag
  zfs list -H -o name -t snapshot -r "$1" | while read -r snapshot; do
    zfs holds -H "$snapshot" | cut -f 2 | while read -r tag; do zfs release "$tag" "$snapshot"; done
  done
}

allocated() {
  zpool sync "$1"
  zpool get -Hp -o value allocated "$1"
}

# cut_off PID DATASET [both]: kills the ssh that the run PID has started, once some megabytes of a stream
# have come into the pool of DATASET; with `both` the run itself, too. What it said is in the
# file cut.txt.
cut_off() {
  local run=$1 pool=${2%%/*} ssh before
  before=$(allocated "$pool")
  until [ "$(allocated "$pool")" -gt $((before + 6000000)) ]; do
    kill -0 "$run" 2>/dev/null || fail "ended before it could be cut: $(cat cut.txt)"
  done
  ssh=$(pgrep -P "$run" -x ssh) || fail "the run has no ssh"
  kill -9 "$ssh"
  [ "${3:-}" != both ] || kill -9 "$run"
  wait "$run" || true
}

# half_received DATASET: an interrupted receive can go on there.
half_received() { [ "$(zfs get -H -o value receive_resume_token "$1")" != - ]; }
