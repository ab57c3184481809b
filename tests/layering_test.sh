#!/usr/bin/env bash
# The sources agree with the table of rooms, and the check finds what does not.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

tests/layering.sh src

expect_finding() {
  local file=$1 text=$2 message=$3
  rm -rf "$copy/src"
  mkdir "$copy/src"
  cp -r src/. "$copy/src"
  mkdir -p "$(dirname "$copy/src/$file")"
  printf '%s\n' "$text" >>"$copy/src/$file"
  if output=$(tests/layering.sh "$copy/src"); then
    echo "not found: $text in $file" && exit 1
  fi
  grep -qF "$message" <<<"$output" || { echo "unexpected: $output" && exit 1; }
}

expect_finding tree/metadata.h '#include "repository/repository.h"' 'tree may not include'
expect_finding core/bytes.h '#include "platform/fd.h"' 'core may not include'
expect_finding blob/storage.h '#include "testing/memory_storage.h"' 'blob may not include'
expect_finding core/bytes.h '#include "error.h"' 'is not written as ROOM/FILE'
expect_finding attic/old.cc 'int attic;' 'the room attic is not in layering.txt'
expect_finding layering.txt 'core: attic' 'core names the unknown room attic'
expect_finding layering.txt 'retention: wire' 'retention may include wire, and no file does'
expect_finding layering.txt 'tests/attic: testing' 'is for the unknown room attic'
