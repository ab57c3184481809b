#!/usr/bin/env bash
# layering.sh SRC: compares every #include "…" below SRC with the table SRC/layering.txt, and names
# each one that it does not allow, and each permission that nobody uses. A room is a directory with
# sources; one within another is a room of its own. Exits 1 if there is any finding.
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
      if (room ~ /^tests\//) subject = substr(room, 7); else subject = room
      subjects[subject] = room
      if (subject == room) is_room[room] = 1
      allowed[room, room] = 1
      count = split(line, names, " ")
      for (i = 1; i <= count; i++) {
        allowed[room, names[i]] = 1
        unused[room, names[i]] = room " may include " names[i] ", and no file does"
        named[names[i]] = room
      }
    }
    for (name in named)
      if (!(name in is_room)) report("layering.txt: " named[name] " names the unknown room " name)
    for (subject in subjects)
      if (!(subject in is_room))
        report("layering.txt: " subjects[subject] " is for the unknown room " subject)
  }
  FNR == 1 {
    file = FILENAME; sub(/^\.\//, "", file)
    room = file ~ /\// ? directory_of(file) : "main"
    is_test = file ~ /_test\.cc$/ || file ~ /\/test_[^\/]*\.h$/
    if (!(room in is_room)) report(file ": the room " room " is not in layering.txt")
  }
  /^[ \t]*#[ \t]*include[ \t]*"/ {
    included = $0; sub(/^[^"]*"/, "", included); sub(/".*/, "", included)
    target = directory_of(included)
    if (included !~ /\// || included ~ /\.\.\//)
      report(file ":" FNR ": \"" included "\" is not written as ROOM/FILE")
    else if (!may(room, target) && !(is_test && (may("tests", target) || may("tests/" room, target))))
      report(file ":" FNR ": " room " may not include \"" included "\"")
    includes++
  }
  function directory_of(path) { sub(/\/[^\/]*$/, "", path); return path }
  # Marks the permission as used. What tests alone include is a permission of tests.
  function may(who, what) {
    if (!((who, what) in allowed)) return 0
    if (who != room || !is_test) delete unused[who, what]
    return 1
  }
  function report(text) { print text; findings++ }
  END {
    for (permission in unused) report("layering.txt: " unused[permission])
    if (findings) { print findings " findings; the table is in " table; exit 1 }
    print includes " includes agree with layering.txt"
  }'
