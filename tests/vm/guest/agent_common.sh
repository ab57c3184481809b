# What the tests of agents share. Sourced, never run.
source "$(dirname "$(readlink -f "$0")")/common.sh"

succeeds() {
  said=$("$@" 2>&1 </dev/null) || fail "exit status $?: $*; said: $said"
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
