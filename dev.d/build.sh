# Configuring and building. Each kind of build has its own directory:
#   build/          development and tests
#   build-release/  what demo and bench run; needs no test libraries
#   build-asan/, build-tsan/, build-fuzz/

# configure DIRECTORY CMAKE-OPTION…: only where the directory is new; Ninja runs
# CMake again by itself when a CMakeLists.txt or the set of files changes.
configure() {
  local directory=$1
  shift
  [ -e "$directory/build.ninja" ] && return
  say "Configuring $directory"
  cmake -S "$ROOT" -B "$directory" -G Ninja "$@"
}

# One ccache for all builds of all checkouts.
compile() {
  CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1 ninja -C "$1" "${@:2}"
}

build_dev() {
  need_packages build test
  configure build -DCMAKE_BUILD_TYPE=Dev
  compile build "$@"
}

build_release() {
  need_packages build
  configure build-release -DCMAKE_BUILD_TYPE=Release -DSNAPFERRY_TESTS=OFF
  compile build-release "$@"
}

# build_sanitized asan address
build_sanitized() {
  need_packages build test
  configure "build-$1" -DCMAKE_BUILD_TYPE=Dev -DSNAPFERRY_SANITIZE="$2"
  compile "build-$1"
}

run_build() {
  case ${1:-} in
    "") build_dev ;;
    --release) build_release ;;
    --asan) build_sanitized asan address ;;
    --tsan) build_sanitized tsan thread ;;
    *) fail "build takes --asan, --tsan or --release, not '$1'" ;;
  esac
}
