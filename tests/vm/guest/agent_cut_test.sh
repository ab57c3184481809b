# A connection that is cut in the middle of a big stream: the same run carries on where it was, and
# so does the next one after the run was killed, too. In both directions.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/big
zfs create source/pushed
authorize pulled root --allow source --volume 'zfs:source/**' --sandbox require
authorize kept root --allow store --store zfs:backup/kept --host laptop --sandbox require
succeeds "$SNAPFERRY" init --store zfs:backup/store
succeeds "$SNAPFERRY" init --store zfs:backup/kept

# In place of a shell of its own, so that who starts it in the background has its number.
run() {
  case $1 in
    pull)
      set -- "${@:2}" pulled:zfs:source/big --store zfs:backup/store
      ;;
    push)
      set -- "${@:2}" zfs:source/pushed --store kept:zfs:backup/kept --host laptop
      ;;
  esac
  exec "$SNAPFERRY" backup "$@" --set main --verbose "${remote[@]}"
}
# equals DIRECTION: what the store has is what the source is.
equals() {
  local source replica newest
  case $1 in
    pull) source=source/big replica=backup/store/pulled/source/big ;;
    push) source=source/pushed replica=backup/kept/laptop/source/pushed ;;
  esac
  newest=$(snapshots_of "$replica" | tail -n 1)
  expect - "$(zfs get -H -o value receive_resume_token "$replica")" "what was half received"
  mkdir -p look
  mount -t zfs -o ro "$newest" look
  same_files "/$source" look
  umount look
}

for direction in pull push; do
  volume=big
  [ $direction = pull ] || volume=pushed
  replica=backup/store/pulled/source/big
  [ $direction = pull ] || replica=backup/kept/laptop/source/pushed

  # Full, the connection.
  head -c 40M /dev/urandom >/source/$volume/file
  next_second
  run $direction --limit-rate 3M >cut.txt 2>&1 &
  cut_off $! "$replica"
  grep -q 'resume @' cut.txt || fail "$direction: did not resume: $(cat cut.txt)"
  equals $direction

  # Incremental, connection and run; something was written meanwhile.
  head -c 40M /dev/urandom >/source/$volume/other
  next_second
  run $direction --limit-rate 3M >cut.txt 2>&1 &
  cut_off $! "$replica" both
  eventually half_received "$replica"
  echo later >/source/$volume/name
  next_second
  succeeds run $direction
  says 'resume @'
  equals $direction
  expect 1 "$(zfs list -H -o name -t snapshot -r "source/$volume" | wc -l)" "snapshots left"
done
echo passed
