#!/bin/sh
# documents.sh PROGRAM DIRECTORY: what the program says of itself, as files below DIRECTORY where an
# installation has them below its prefix: share/man/man1/, and completion for bash, zsh and fish.
set -eu
program=$1 directory=$2
man=$directory/share/man/man1
rm -rf "$directory"
mkdir -p "$man" "$directory/share/bash-completion/completions" \
  "$directory/share/zsh/site-functions" "$directory/share/fish/vendor_completions.d"

"$program" man >"$man/snapferry.1"
# The page of the program names those of all commands.
for page in $(sed -n 's/^\.B snapferry\\-\(.*\)(1)$/\1/p' "$man/snapferry.1" | sed 's/\\-/-/g'); do
  # shellcheck disable=SC2046 # a command may have two words
  "$program" man $(echo "$page" | tr - ' ') >"$man/snapferry-$page.1"
done

"$program" completion bash >"$directory/share/bash-completion/completions/snapferry"
"$program" completion zsh >"$directory/share/zsh/site-functions/_snapferry"
"$program" completion fish >"$directory/share/fish/vendor_completions.d/snapferry.fish"
