#!/usr/bin/env bash
# layering.sh SRC: compares every #include "…" below SRC with the table
# SRC/layering.txt and names each one that it does not allow. Exits 1 if there is any.
set -euo pipefail
source_root=$1

cd "$source_root"
find . -name '*.cc' -o -name '*.h' | sort | xargs awk -v table="$source_root/layering.txt" '
  BEGIN {
    while ((getline line < "layering.txt") > 0) {
      sub(/#.*/, "", line)
      if (line !~ /:/) continue
      room = line; sub(/:.*/, "", room); gsub(/ /, "", room)
      sub(/^[^:]*:/, "", line)
      is_room[room] = 1
      allowed[room, room] = 1
      count = split(line, names, " ")
      for (i = 1; i <= count; i++) { allowed[room, names[i]] = 1; named[names[i]] = room }
    }
    for (name in named)
      if (!(name in is_room)) report("layering.txt: " named[name] " names the unknown room " name)
  }
  FNR == 1 {
    file = FILENAME; sub(/^\.\//, "", file)
    room = file ~ /\// ? file : "main"; sub(/\/.*/, "", room)
    is_test = file ~ /_test\.cc$/ || file ~ /\/test_[^\/]*\.h$/
    if (!(room in is_room)) report(file ": the room " room " is not in layering.txt")
  }
  /^[ \t]*#[ \t]*include[ \t]*"/ {
    included = $0; sub(/^[^"]*"/, "", included); sub(/".*/, "", included)
    target = included; sub(/\/.*/, "", target)
    if (included !~ /\// || included ~ /\.\.\//)
      report(file ":" FNR ": \"" included "\" is not written as ROOM/FILE")
    else if (!((room, target) in allowed) && !(is_test && (("tests", target) in allowed)))
      report(file ":" FNR ": " room " may not include \"" included "\"")
    includes++
  }
  function report(text) { print text; findings++ }
  END {
    if (findings) { print findings " findings; the table is in " table; exit 1 }
    print includes " includes agree with layering.txt"
  }'
