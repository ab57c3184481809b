# A peer that holds the key and asks for what the protocol does not have: nothing happens.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes
serve_with "$ours"
zfs snapshot source/home@precious
before=$(zfs list -H -o name,guid -t all)

hostile=(
  'simplesnapwrap listfs; touch /root/hostile'
  'simplesnapwrap listfs && touch /root/hostile'
  'simplesnapwrap sendback mainset `touch /root/hostile`'
  'simplesnapwrap sendback mainset $(touch /root/hostile)'
  'simplesnapwrap sendback mainset source/home|touch /root/hostile'
  $'simplesnapwrap sendback mainset source/home\ntouch /root/hostile'
  $'\nsimplesnapwrap listfs'
  'simplesnapwrap sendback mainset ../source/home'
  'simplesnapwrap sendback mainset source/../backup'
  'simplesnapwrap sendback mainset source/home@precious'
  'simplesnapwrap reap mainset source/home@precious'
  'simplesnapwrap reap mainset -r'
  'simplesnapwrap sendback -R source/home'
  'simplesnapwrap sendback mainset -R source/home'
  'simplesnapwrap destroy mainset source/home'
  'simplesnapwrap receive mainset source/home'
  'simplesnapwrap reinvoked simplesnapwrap listfs'
  'simplesnapwrap sendback main_set source/home'
  'simplesnapwrap sendback .* source/home'
  'simplesnapwrap sendback mainset source/nothing'
  'simplesnapwrap sendback mainset source/cache'
  'simplesnapwrap  listfs'
  'simplesnapwrap'
  'listfs'
  'agent --allow store'
  'scp -t /root'
  '-c id'
  '/bin/sh'
)
for command in "${hostile[@]}"; do
  refuses ask "$command"
  expect 1 "$(wc -l <<<"$refusal")" "lines that answer '$command'"
  [[ $refusal == simplesnapwrap:* ]] || fail "'$command' was answered by: $refusal"
done
refuses ask "simplesnapwrap sendback mainset $(head -c 5000 /dev/zero | tr '\0' a)"
[ ! -e /root/hostile ] || fail "a command ran"
expect "$before" "$(zfs list -H -o name,guid -t all)" "all datasets and snapshots"

# Nor can the environment or a subsystem do more.
refuses $sshcmd -o SendEnv=LD_PRELOAD -s web1 sftp

# A property that looks like rows of zfs list speaks for nobody.
zfs set "snapferry:exclude=off"$'\n'"source/forged" source/home
refuses ask simplesnapwrap listfs
[[ $refusal == *source/home* ]] || fail "does not name the dataset: $refusal"
zfs inherit snapferry:exclude source/home

# It serves with nothing else in hand: no privileges to gain, one capability, a filter on its calls.
# The pipes are too small for the stream, so it is still there to be looked at.
head -c 4M /dev/urandom >/source/home/data
exec 3< <(SSH_ORIGINAL_COMMAND='simplesnapwrap sendback mainset source/home' \
  exec "$ours/simplesnapwrap" 2>/dev/null)
wrapper=$!
head -c 1 <&3 >/dev/null
for pid in "$wrapper" $(cat "/proc/$wrapper/task/$wrapper/children"); do
  status=$(cat "/proc/$pid/status")
  for line in 'NoNewPrivs:	1' 'Seccomp:	2' 'CapEff:	0000000000200000' 'CapBnd:	0000000000200000'; do
    [[ $status == *"$line"* ]] || fail "process $pid of the wrapper is not contained: $line"
  done
done
exec 3<&-
wait "$wrapper" || true
# And it can start zfs and nothing else: not even what runs a script that is called zfs.
mkdir false_zfs
printf '#!/bin/sh\ntouch /root/hostile\n' >false_zfs/zfs
chmod +x false_zfs/zfs
PATH=$PWD/false_zfs SSH_ORIGINAL_COMMAND='simplesnapwrap listfs' refuses "$ours/simplesnapwrap"
[ ! -e /root/hostile ] || fail "a script ran inside the wrapper"
succeeded=$(SSH_ORIGINAL_COMMAND='simplesnapwrap listfs' "$ours/simplesnapwrap")
[[ $succeeded == *source/home* ]] || fail "the wrapper does not list source/home: $succeeded"
