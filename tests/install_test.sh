#!/usr/bin/env bash
# What `cmake --install` puts in place: a program that runs, a man page for each command, completion,
# and, when asked for, the names by which it stands in for simplesnap.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$(dirname "$SNAPFERRY")
prefix=$work/prefix
fail() { echo "FAILED: $*"; exit 1; }

cmake --install "$build" --prefix "$prefix" >"$work/log" || fail "$(cat "$work/log")"
"$prefix/bin/snapferry" version | grep -q snapferry || fail "the program does not run"
[ ! -e "$prefix/sbin" ] || fail "the links for simplesnap came unasked"
pages=("$prefix"/share/man/man1/*.1)
commands=$("$prefix/bin/snapferry" man | grep -c '^\.B snapferry\\-')
[ "${#pages[@]}" = $((commands + 1)) ] || fail "${#pages[@]} man pages for $commands commands"
for page in "${pages[@]}"; do
  LC_ALL=C.UTF-8 man --warnings -l "$page" >"$work/page" 2>"$work/warnings" || fail "$page cannot be read"
  [ ! -s "$work/warnings" ] || fail "$page: $(cat "$work/warnings")"
  grep -q '^NAME' "$work/page" || fail "$page is no man page"
done
bash -n "$prefix/share/bash-completion/completions/snapferry" || fail "completion for bash"
grep -q '^#compdef snapferry' "$prefix/share/zsh/site-functions/_snapferry" || fail "completion for zsh"
grep -q 'complete.*snapferry' "$prefix/share/fish/vendor_completions.d/snapferry.fish" || fail "completion for fish"
[ -s "$prefix/share/doc/snapferry/README.md" ] || fail "no README"

cmake --install "$build" --prefix "$prefix" --component simplesnap >"$work/log" || fail "$(cat "$work/log")"
# As simplesnapwrap it takes simplesnap's requests alone.
status=0
SSH_ORIGINAL_COMMAND='' "$prefix/sbin/simplesnapwrap" >"$work/out" 2>&1 </dev/null || status=$?
[ "$status" -ne 0 ] && grep -q '^simplesnapwrap: ' "$work/out" || fail "simplesnapwrap: $(cat "$work/out")"
"$prefix/sbin/simplesnap" --help >"$work/out" 2>&1 || true
grep -q 'simplesnap' "$work/out" || fail "simplesnap: $(cat "$work/out")"

# A staged installation, as packages are made.
DESTDIR=$work/stage cmake --install "$build" --prefix /usr >"$work/log" || fail "$(cat "$work/log")"
[ -x "$work/stage/usr/bin/snapferry" ] && [ -s "$work/stage/usr/share/man/man1/snapferry-backup.1" ] ||
  fail "DESTDIR is not respected"
echo passed
