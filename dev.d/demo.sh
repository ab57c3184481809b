# A first look: everything happens below one temporary directory; DIR is only read.

run_demo() {
  local source
  source=$(readlink -f "${1:-/usr/share}")
  [ -d "$source" ] || fail "the demo backs up a directory, which '${1:-/usr/share}' is not"
  build_release
  demo_work=$(mktemp -d "${TMPDIR:-/tmp}/snapferry-demo.XXXXXX")
  trap 'rm -rf "$demo_work"' EXIT
  export SNAPFERRY_STORE=repo:$demo_work/repository
  export SNAPFERRY_PASSWORD=demonstration
  export XDG_CACHE_HOME=$demo_work/cache
  local notes=$demo_work/notes
  make_notes "$notes"

  say "1. A repository, encrypted with a password"
  demo_step snapferry init
  say "2. First backup of $source, and of a small directory that will change"
  demo_step snapferry backup "$source" "$notes"
  say "3. The same again with nothing changed"
  demo_step snapferry backup "$source" "$notes"
  say "4. One line added to a file, a file added, a file removed; then a backup"
  echo "A thought worth keeping." >>"$notes/letter.txt"
  echo "Milk, bread." >"$notes/shopping.txt"
  rm "$notes/draft.txt"
  demo_step snapferry backup "$source" "$notes"
  say "5. What there is, and what the last backup of $notes changed"
  demo_step snapferry list
  demo_step snapferry diff "$(demo_snapshot "$notes" 2)" "$(demo_snapshot "$notes" 1)"
  say "6. Both restored, and compared with their sources by find and sha256sum"
  demo_restore "$source" "$demo_work/restored"
  demo_restore "$notes" "$demo_work/restored-notes"
  say "7. Every byte of the repository read back and checked"
  demo_step snapferry verify --read-data
  say "What each step cost"
  cat "$demo_work/costs"
}

make_notes() {
  mkdir "$1"
  seq -f "line %g of a letter" 2000 >"$1/letter.txt"
  seq -f "line %g of a draft" 500 >"$1/draft.txt"
  head -c 1000000 /dev/urandom >"$1/picture"
  ln -s letter.txt "$1/link"
}

snapferry() { "$ROOT/build-release/snapferry" "$@"; }

# Shows a command, runs it and notes what it cost. Some files of DIR may be unreadable
# to this user: that is exit status 3, shown, and no reason to stop.
demo_step() {
  local began before status=0
  printf '$ %s\n' "$*"
  began=$(now)
  before=$(repository_size)
  "$@" || status=$?
  local seconds
  seconds=$(seconds_since "$began")
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || fail "'$*' failed with exit status $status"
  printf '%8s s  %+14d bytes  %s\n' "$seconds" $(($(repository_size) - before)) "$*" |
    tee -a "$demo_work/costs"
}

repository_size() {
  if [ -d "$demo_work/repository" ]; then
    du -sb "$demo_work/repository" | cut -f1
  else
    echo 0
  fi
}

# demo_snapshot VOLUME N: the short id of its newest snapshot but N-1.
demo_snapshot() {
  snapferry list "$1" --json | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p' | tail -n "$2" | head -n 1 | cut -c 1-8
}

demo_restore() {
  local source=$1 target=$2
  demo_step snapferry restore "$(demo_snapshot "$source" 1)" --target "$target"
  diff <(demo_listing "$source") <(demo_listing "$target") || fail "$target differs from $source"
  echo "$target is the same as $source: $(find "$target" | wc -l) entries"
}

# Type, mode, owner, size, time and target of every entry, then the checksum of every file,
# of what this user can read. Sizes of directories belong to the filesystem.
demo_listing() {
  local owner='%U:%G '
  [ "$(id -u)" -eq 0 ] || owner=
  (
    cd "$1"
    local unreadable=(! -type l ! -readable -prune)
    find . "${unreadable[@]}" -o -type d -printf "%p d %m $owner%T@\n" \
      -o -printf "%p %y %m $owner%s %T@ %l\n" | LC_ALL=C sort
    find . "${unreadable[@]}" -o -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
  )
}
