#!/usr/bin/env bash
# What `cmake --install` puts in place: a program that runs, a man page for each command, completion,
# and, when asked for, the names by which it stands in for simplesnap.
source "$(dirname "$(readlink -f "$0")")/script.sh"
need man
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$(dirname "$SNAPFERRY")
prefix=$work/prefix

expect 0 cmake --install "$build" --prefix "$prefix"
"$prefix/bin/snapferry" version | grep -q snapferry || failed "the program does not run"
[ ! -e "$prefix/sbin" ] || failed "the links for simplesnap came unasked"
pages=("$prefix"/share/man/man1/*.1)
commands=$("$prefix/bin/snapferry" man | grep -c '^\.B snapferry\\-')
[ "${#pages[@]}" = $((commands + 1)) ] || failed "${#pages[@]} man pages for $commands commands"
for page in "${pages[@]}"; do
  LC_ALL=C.UTF-8 man --warnings -l "$page" >"$work/page" 2>"$work/warnings" || failed "$page cannot be read"
  [ ! -s "$work/warnings" ] || failed "$page: $(cat "$work/warnings")"
  grep -q '^NAME' "$work/page" || failed "$page is no man page"
done
bash -n "$prefix/share/bash-completion/completions/snapferry" || failed "completion for bash"
grep -q '^#compdef snapferry' "$prefix/share/zsh/site-functions/_snapferry" || failed "completion for zsh"
grep -q 'complete.*snapferry' "$prefix/share/fish/vendor_completions.d/snapferry.fish" || failed "completion for fish"
[ -s "$prefix/share/doc/snapferry/README.md" ] || failed "no README"

expect 0 cmake --install "$build" --prefix "$prefix" --component simplesnap
# As simplesnapwrap it takes simplesnap's requests alone.
status=0
SSH_ORIGINAL_COMMAND='' "$prefix/sbin/simplesnapwrap" >"$work/out" 2>&1 </dev/null || status=$?
[ "$status" -ne 0 ] && grep -q '^simplesnapwrap: ' "$work/out" || failed "simplesnapwrap: $(cat "$work/out")"
"$prefix/sbin/simplesnap" --help >"$work/out" 2>&1 || true
grep -q 'simplesnap' "$work/out" || failed "simplesnap: $(cat "$work/out")"

# A staged installation, as packages are made.
expect 0 env DESTDIR="$work/stage" cmake --install "$build" --prefix /usr
[ -x "$work/stage/usr/bin/snapferry" ] && [ -s "$work/stage/usr/share/man/man1/snapferry-backup.1" ] ||
  failed "DESTDIR is not respected"
finish
