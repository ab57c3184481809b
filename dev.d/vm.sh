# Guests with real OpenZFS: the tests in one, and guests for people. tests/vm/ has the rest.

# Builds what the guest runs, without debugging symbols, into build/vm-bin/.
build_for_guests() {
  need_packages build test vm
  configure dev
  local programs=(snapferry)
  ! compgen -G 'tests/vm/guest/*_test.cc' >/dev/null || programs+=(tests/guest_test)
  compile dev "${programs[@]}"
  mkdir -p build/vm-bin
  local program
  for program in "${programs[@]}"; do
    objcopy --strip-debug "build/$program" "build/vm-bin/$(basename "$program")"
  done
}

run_vm_tests() {
  build_for_guests
  say "Tests in a guest with OpenZFS"
  tests/vm/run_tests.sh build/vm-bin "$@" | tee build/vm-test-output.txt
}

vm_usage() {
  cat <<'END'
usage: ./dev vm [COMMAND LINE]      a shell, or one command line, in a new guest
       ./dev vm start NAME          start a guest that stays (two hours)
       ./dev vm ssh NAME [COMMAND LINE]
       ./dev vm copy NAME FILE… TARGET
       ./dev vm test NAME TEST      run tests/vm/guest/TEST.sh, as it is now, in it
       ./dev vm stop NAME           end it and forget all it holds
       ./dev vm list
The program is /payload/bin/snapferry in a guest, as it was when the guest started; copy
a newer one to /usr/local/bin, which goes before it.
END
}

run_vm() (
  # shellcheck source=tests/vm/guest.sh
  source tests/vm/guest.sh
  case ${1:-} in
    start | ssh | copy | test | stop | list) "guest_command_$1" "${@:2}" ;;
    -h | --help) vm_usage ;;
    *) in_new_guest "$@" ;;
  esac
)

guest_named() {
  [[ ${1:-} =~ ^[A-Za-z0-9_-]+$ ]] || fail "a guest's name is made of letters, digits, - and _"
  echo "$VM_CACHE/guests/$1"
}

running_guest() {
  local guest
  guest=$(guest_named "${1:-}") || exit 1
  { [ -e "$guest/pid" ] && guest_runs "$guest"; } ||
    fail "no guest '$1' runs; start one: ./dev vm start $1"
  echo "$guest"
}

# prepare_guest DIRECTORY: starts it with the programs and tests of now.
prepare_guest() {
  build_for_guests >&2
  vm_build_all
  local payload
  payload=$(mktemp -d)
  cp -a build/vm-bin "$payload/bin"
  cp -aL tests/vm/guest "$payload/tests"
  guest_start "$1" "$payload"
  rm -rf "$payload"
}

in_new_guest() {
  local guest
  guest=$(mktemp -d "${TMPDIR:-/var/tmp}/snapferry-vm.XXXXXX")
  # shellcheck disable=SC2064  # the name as it is now
  trap "guest_stop '$guest'" EXIT
  prepare_guest "$guest"
  if [ $# -eq 0 ]; then guest_ssh "$guest" -t bash -l; else guest_ssh "$guest" "$*"; fi
}

guest_command_start() {
  local guest
  guest=$(guest_named "${1:-}") || exit 1
  { [ -e "$guest/pid" ] && guest_runs "$guest"; } && fail "the guest '$1' runs already"
  guest_stop "$guest"
  SNAPFERRY_VM_LIMIT=${SNAPFERRY_VM_LIMIT:-7200} prepare_guest "$guest"
  echo "guest '$1' runs: ./dev vm ssh $1"
}

guest_command_ssh() {
  local guest
  guest=$(running_guest "${1:-}") || exit 1
  if [ $# -eq 1 ]; then guest_ssh "$guest" -t bash -l; else guest_ssh "$guest" "${*:2}"; fi
}

guest_command_copy() {
  local guest
  guest=$(running_guest "${1:-}") || exit 1
  [ $# -ge 3 ] || fail "copy takes a guest, files, and a target in the guest"
  guest_copy "$guest" "${@:2}"
}

guest_command_test() {
  local guest
  guest=$(running_guest "${1:-}") || exit 1
  [ -e "tests/vm/guest/${2:-}.sh" ] || fail "there is no tests/vm/guest/${2:-}.sh"
  guest_ssh "$guest" "rm -rf /root/tests"
  guest_copy "$guest" tests/vm/guest /root/tests
  guest_ssh "$guest" "bash /root/tests/run_one.sh $2"
}

guest_command_stop() {
  local guest
  guest=$(guest_named "${1:-}") || exit 1
  [ -e "$guest/pid" ] || fail "there is no guest '$1'"
  guest_stop "$guest"
}

guest_command_list() {
  local guest
  for guest in "$VM_CACHE"/guests/*; do
    [ -e "$guest/pid" ] && guest_runs "$guest" || continue
    echo "$(basename "$guest") port $(cat "$guest/port")"
  done
}
