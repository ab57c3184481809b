# Reads names of sources; writes build/tidy/NAME.key for each: a line "HASH  FILE" for
# everything the source depends on inside the project. `hashes` names the file with the
# hashes of all files. Includes are looked up below src/, then as given.

function includes_of(file,   line, found) {
  if (file in known) return known[file]
  found = ""
  while ((getline line < file) > 0) {
    if (line !~ /^#include "/) continue
    sub(/^#include "/, "", line)
    sub(/".*/, "", line)
    if (("src/" line) in hash) found = found " src/" line
    else if (line in hash) found = found " " line
  }
  close(file)
  return known[file] = found
}

function visit(file,   i, count, parts) {
  if (file in reached) return
  reached[file] = 1
  order[++reached_count] = file
  count = split(includes_of(file), parts, " ")
  for (i = 1; i <= count; i++) visit(parts[i])
}

BEGIN {
  while ((getline line < hashes) > 0) {
    split_at = index(line, "  ")
    name = substr(line, split_at + 2)
    hash[name] = substr(line, 1, split_at - 1)
  }
}

{
  delete reached
  reached_count = 0
  visit($0)
  stamp = $0
  gsub("/", "__", stamp)
  out = "build/tidy/" stamp ".key"
  printf "" > out
  for (i = 1; i <= reached_count; i++) print hash[order[i]] "  " order[i] > out
  print hash[".clang-tidy"] " " hash["CMakeLists.txt"] " " hash["tool"] > out
  close(out)
}
