# Sourced. make_btrfs IMAGE: mkfs.btrfs asks of each loop device that is mounted what it is of, and
# fails where one of a test beside this one goes away at that moment; then it is tried again.
make_btrfs() {
  local tries said
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    said=$(mkfs.btrfs -q -f "$1" 2>&1) && return
    case $said in *"cannot check mount status"*) ;; *) break ;; esac
  done
  echo "$said (try $tries)" >&2
  return 1
}
