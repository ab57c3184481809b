# The main job under fire: several hosts, one repository, a disk that fills up, sleeps, kills and prunes;
# in the end every snapshot is restored and compared (tests/endurance/endure.py).

run_endure() {
  [ "$(id -u)" = 0 ] || fail "endure needs root: hosts are namespaces, and the disk is a loop device"
  need_packages endure
  build_release
  python3 tests/endurance/endure.py build-release/snapferry "$@"
}
