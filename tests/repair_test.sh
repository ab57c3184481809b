#!/usr/bin/env bash
# A repository that was damaged by hand, and repair: what can be read comes back, what a copy or another
# repository has is taken from it, what is lost is named and is no backup for check, and a dry run
# changes nothing.
source "$(dirname "$(readlink -f "$0")")/script.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export SNAPFERRY_PASSWORD='only for tests' SNAPFERRY_CACHE=$work/cache SNAPFERRY_STORE=repo:$work/store

# state DIRECTORY: names and content of all objects that a dry run may not touch.
state() { (cd "$1" && find . -type f ! -path './damaged/*' -print0 | sort -z | xargs -0 sha256sum); }
largest_pack() { find store/packs -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-; }
smallest_pack() { find store/packs -type f -printf '%s %p\n' | sort -n | head -n 1 | cut -d ' ' -f 2-; }
# flip FILE OFFSET: changes bytes there, whatever they are.
flip() { head -c 16 /dev/urandom | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# --- Two snapshots, a copy of the repository, and another repository with the same files ---
damage=none
mkdir -p source/directory
for name in one two directory/three; do head -c 1500000 /dev/urandom >"source/$name"; done
for number in $(seq 200); do echo "text $number" >"source/directory/$number"; done
"$SNAPFERRY" init -q
"$SNAPFERRY" backup source -q
cp -a source before
first=$("$SNAPFERRY" list --json | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
"$SNAPFERRY" init -q --store "repo:$work/another"
"$SNAPFERRY" backup source -q --store "repo:$work/another"
head -c 1500000 /dev/urandom >source/directory/later
rm source/directory/7
"$SNAPFERRY" backup source -q
"$SNAPFERRY" backup source -q --store "repo:$work/another"
cp -a store whole

missing_data() { rm "$(largest_pack)"; }
missing_tree() { rm "$(smallest_pack)"; }
truncated_data() { truncate -s -500000 "$(largest_pack)"; }
truncated_tree() { truncate -s 100 "$(smallest_pack)"; }
empty_pack() { : >"$(largest_pack)"; }
flipped_piece() { flip "$(largest_pack)" 700000; }
flipped_contents() {
  local pack
  pack=$(largest_pack)
  flip "$pack" $(($(stat -c %s "$pack") - 40))
}
shortened_pack() { truncate -s -10 "$(largest_pack)"; }
damaged_index() { for object in store/index/*; do flip "$object" 100; done; }
missing_index() { rm -f store/index/*; }
no_index_and_damage() { missing_index && flipped_piece; }
damaged_key() { for object in store/keys/*; do flip "$object" 60; done; }
damaged_config() { flip store/config 20; }

# again DAMAGE: the repository as it was, with that done to it, and no cache that remembers.
again() {
  damage=$1
  echo "== $damage"
  rm -rf store cache restored
  cp -a whole store
  "$damage"
}
compare() { # SNAPSHOT DIRECTORY
  rm -rf restored
  expect 0 "$SNAPFERRY" restore "$1" --target restored -q
  diff -r "$2" restored >out 2>&1 || failed "snapshot $1 came back differently: $(head -n 3 out)"
}
all_is_well() {
  expect 0 "$SNAPFERRY" verify --read-data -q
  compare "$first" before
  compare latest source
}

# --- What needs nothing but the repository ---
for kind in damaged_index missing_index damaged_key damaged_config flipped_contents \
  shortened_pack; do
  again "$kind"
  expect 13 "$SNAPFERRY" verify --read-data -q
  state store >was
  expect 0 "$SNAPFERRY" repair --dry-run
  state store | cmp -s was - || failed "a dry run changed the repository"
  expect 0 "$SNAPFERRY" repair
  says 'nothing is lost'
  all_is_well
  state store >was
  expect 0 "$SNAPFERRY" repair -q
  state store | cmp -s was - || failed "a second repair found something to do"
done

# --- What a copy of the repository has ---
for kind in missing_data missing_tree truncated_data truncated_tree empty_pack flipped_piece \
  no_index_and_damage; do
  again "$kind"
  state store >was
  expect 13 "$SNAPFERRY" repair --dry-run
  says 'would stay lost: snapshot'
  state store | cmp -s was - || failed "a dry run changed the repository"
  state whole >copy_was
  expect 0 "$SNAPFERRY" repair --from "repo:$work/whole" --dry-run
  state store | cmp -s was - || failed "a dry run with --from changed the repository"
  expect 0 "$SNAPFERRY" repair --from "repo:$work/whole"
  says 'taken from the other store'
  state whole | cmp -s copy_was - || failed "the copy was changed"
  all_is_well
  expect 0 "$SNAPFERRY" check --max-age 1d
done

# --- The configuration and the keys, without which nothing opens, from a copy and from nowhere else ---
no_config() { rm store/config; }
empty_config() { : >store/config; }
no_keys() { rm store/keys/*; }
empty_keys() { for object in store/keys/*; do : >"$object"; done; }
broken_keys() { for object in store/keys/*; do truncate -s 100 "$object"; done; }
no_head() { no_config && no_keys; }
for kind in no_config empty_config no_keys empty_keys broken_keys no_head; do
  again "$kind"
  state store >was
  "$SNAPFERRY" repair --from "repo:$work/another" >out 2>&1 && failed "opened by another repository"
  state store | cmp -s was - || failed "another repository changed it"
  expect 13 "$SNAPFERRY" repair --from "repo:$work/whole" --dry-run
  says 'put back from the copy'
  state store | cmp -s was - || failed "a dry run changed the repository"
  expect 0 "$SNAPFERRY" repair --from "repo:$work/whole"
  says 'put back from the copy'
  all_is_well
done
damage=away
rm -rf store cache && mkdir store
"$SNAPFERRY" repair --from "repo:$work/whole" >out 2>&1 && failed "made a repository on an empty mount point"
[ -z "$(ls store)" ] || failed "wrote to an empty mount point"

# --- What another repository has: contents of files ---
for kind in missing_data flipped_piece; do
  again "$kind"
  expect 0 "$SNAPFERRY" repair --from "repo:$work/another"
  all_is_well
done

# --- What nobody has: named, with what is left still readable, and healed by the next backup ---
for kind in missing_data truncated_data flipped_piece missing_tree; do
  again "$kind"
  expect 0 "$SNAPFERRY" check --max-age 1d
  expect 13 "$SNAPFERRY" repair
  says 'lost for good: snapshot'
  expect 1 "$SNAPFERRY" check --max-age 1d
  says 'damaged or lost'
  expect 0 "$SNAPFERRY" list
  says '(damaged)'
  rm -rf restored
  "$SNAPFERRY" restore latest --target restored -q >out 2>&1 && failed "a restore lost files in silence"
  for file in $(cd source && find . -type f); do
    [ ! -e "restored/$file" ] || cmp -s "source/$file" "restored/$file" ||
      [ "$(stat -c %s "restored/$file")" != "$(stat -c %s "source/$file")" ] ||
      failed "$file came back with other content"
  done
  expect 0 "$SNAPFERRY" backup source -q
  expect 0 "$SNAPFERRY" check --max-age 1d
  compare latest source
  expect 0 "$SNAPFERRY" repair --from "repo:$work/whole" -q
  all_is_well
done

# --- A verify, a backup and a prune heal, too, and leave nothing to repair ---
for kind in flipped_piece truncated_data missing_data; do
  again "$kind"
  expect 13 "$SNAPFERRY" verify --read-data -q
  expect 0 "$SNAPFERRY" backup source -q
  expect 0 "$SNAPFERRY" forget "$first" -q
  expect 0 "$SNAPFERRY" prune --keep-last 9 -q
  expect 0 "$SNAPFERRY" verify --read-data
  compare latest source
done

finish "repaired all that can be, and named the rest"
