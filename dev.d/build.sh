# Configuring and building: the presets of CMakePresets.json, each in a directory of its own. `dev`
# is in build/, any other in build-PRESET/; the release needs no test libraries.

build_directory() {
  if [ "$1" = dev ]; then echo build; else echo "build-$1"; fi
}

# configure PRESET: only where its directory is new; Ninja runs CMake again by itself when a
# CMakeLists.txt or the set of files changes.
configure() {
  [ -e "$(build_directory "$1")/build.ninja" ] && return
  say "Configuring $(build_directory "$1")"
  cmake --preset "$1"
}

# compile PRESET [TARGET…]: one ccache for all builds of all checkouts.
compile() {
  CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1 ninja -C "$(build_directory "$1")" "${@:2}"
}

build_dev() {
  need_packages build test
  configure dev
  compile dev "$@"
}

build_release() {
  need_packages build
  configure release
  compile release "$@"
}

build_sanitized() {
  need_packages build test
  configure "$1"
  compile "$1"
}

run_build() {
  case ${1:-} in
    "") build_dev ;;
    --release) build_release ;;
    --asan) build_sanitized asan ;;
    --tsan) build_sanitized tsan ;;
    *) fail "build takes --asan, --tsan or --release, not '$1'" ;;
  esac
}
