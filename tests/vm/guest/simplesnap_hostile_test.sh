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
