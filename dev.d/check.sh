# Everything a change must pass before its tests matter. All parts run, so that one
# call shows every finding.

run_checks() {
  need_packages build test check
  configure dev
  local failed=()
  check_format || failed+=(format)
  check_tidy || failed+=(tidy)
  check_layering || failed+=(layering)
  check_release || failed+=(release)
  [ ${#failed[@]} -eq 0 ] || fail "check failed: ${failed[*]}"
  echo "check passed"
}

# Tracked files and new ones that are not ignored and still exist.
project_files() {
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
    while read -r file; do [ ! -e "$file" ] || echo "$file"; done
}

check_format() {
  say "Format"
  local files output
  mapfile -t files < <(project_files '*.cc' '*.h')
  if output=$(clang-format --dry-run -Werror "${files[@]}" 2>&1); then
    echo "${#files[@]} files are formatted"
  else
    echo "$output" | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error: .*/\1/p' | sort | uniq -c |
      sed 's/^ *\([0-9]*\) \(.*\)/\2: \1 places; mend with: clang-format -i \2/'
    return 1
  fi
}

check_layering() {
  say "Layering"
  tests/layering.sh src
}

# A release compiles each room as one, so a file's own names must have one meaning in its room.
check_release() {
  say "Release build"
  configure release
  compile release snapferry
}

# Runs clang-tidy on each source of the product that changed, or includes what changed, since it was
# last found clean. A source's stamp in build/tidy/ is the list of hashes it was clean
# with.
check_tidy() {
  say "clang-tidy"
  cmake build >/dev/null || return 1 # so that compile_commands.json knows new files
  local sources
  mapfile -t sources < <(compiled_sources)
  mkdir -p build/tidy
  tidy_keys "${sources[@]}"
  local stale=() source
  for source in "${sources[@]}"; do
    cmp -s "$(tidy_stamp "$source").key" "$(tidy_stamp "$source").clean" || stale+=("$source")
  done
  echo "${#sources[@]} sources, ${#stale[@]} to look at"
  [ ${#stale[@]} -eq 0 ] && return
  export -f tidy_one tidy_stamp
  printf '%s\0' "${stale[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'tidy_one "$1"' tidy {}
}

compiled_sources() {
  sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/compile_commands.json |
    sed "s|^$ROOT/||" | grep '^src/' | grep -v '_test\.cc$' | sort -u
}

tidy_stamp() { printf 'build/tidy/%s' "${1//\//__}"; }

tidy_one() {
  local stamp
  stamp=$(tidy_stamp "$1")
  rm -f "$stamp.clean"
  if clang-tidy --quiet -p build "$1" >"$stamp.log" 2>&1; then
    cp "$stamp.key" "$stamp.clean"
  else
    grep -v 'warnings\{0,1\} generated\|treated as error' "$stamp.log"
    return 1
  fi
}

# Writes a key beside the stamp of each source: the hashes of the source, of all
# project headers it reaches, of the configuration, and clang-tidy's version.
tidy_keys() {
  local hashes=build/tidy/hashes
  {
    project_files '*.cc' '*.h' | xargs -d '\n' sha256sum
    sha256sum .clang-tidy CMakeLists.txt
    printf '%s  tool\n' "$(clang-tidy --version | tr -d '\n')"
  } >"$hashes"
  printf '%s\n' "$@" | awk -v hashes="$hashes" -f dev.d/tidy_keys.awk
}
