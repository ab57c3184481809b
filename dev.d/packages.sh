# The Debian packages that each command needs, and their installation.

packages_for() {
  case $1 in
    build)
      echo cmake ninja-build g++ ccache pkg-config libcli11-dev nlohmann-json3-dev libfmt-dev \
        libssl-dev libsodium-dev libzstd-dev libxxhash-dev libfuse3-dev fuse3 zlib1g-dev \
        libseccomp-dev
      ;;
    test)
      echo libgtest-dev libgmock-dev librapidcheck-dev acl attr libcap2-bin \
        btrfs-progs xfsprogs e2fsprogs exfat-fuse exfatprogs man-db fish zsh git rsync strace \
        openssh-server openssh-client iproute2 python3-minimal
      ;;
    vm)
      echo qemu-system-x86 qemu-utils debootstrap e2fsprogs openssh-client python3-minimal \
        binutils
      ;;
    check) echo clang clang-format clang-tidy libbenchmark-dev ;;
    fuzz) echo clang ;;
    bench)
      echo libbenchmark-dev restic borgbackup rsync python3 binutils btrbk btrfs-progs \
        openssh-server openssh-client
      ;;
    endure) echo python3-minimal python3 faketime e2fsprogs ;;
    *) fail "no list of packages for '$1'" ;;
  esac
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages LIST…: installs what is missing of the named lists.
need_packages() {
  command -v dpkg-query >/dev/null ||
    fail "this is not a Debian system: install the packages named in dev.d/packages.sh by hand"
  local list package missing=()
  for list in "$@"; do
    for package in $(packages_for "$list"); do
      is_installed "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root to run: $* (become root, or install sudo)"
  fi
}

# The package lists are fetched only if the present ones cannot do it: they may be
# missing, or name versions that the mirror no longer has.
install_packages() {
  say "Installing missing Debian packages: $*"
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@")
  if apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1; then
    as_root "${install[@]}" && return
  fi
  as_root apt-get update -q
  as_root "${install[@]}"
}
