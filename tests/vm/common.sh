# What the scripts of the virtual machine share: where things are kept, and Debian trees
# built with the apt configuration of this machine. Sourced, never run.

VM_DIRECTORY=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
VM_RELEASE=bookworm
VM_CACHE=${SNAPFERRY_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/snapferry-vm}

vm_say() { printf 'vm: %s\n' "$*" >&2; }

vm_fail() {
  vm_say "$*"
  exit 1
}

# vm_key FILE…: 12 hex digits that change with the release, the architecture and the files.
vm_key() {
  { echo "$VM_RELEASE $(dpkg --print-architecture)"; (cd "$VM_DIRECTORY" && cat "$@"); } |
    sha256sum | cut -c 1-12
}

vm_kernel_directory() { echo "$VM_CACHE/kernel-$(vm_key common.sh kernel.sh)"; }
vm_image_directory() {
  echo "$VM_CACHE/image-$(vm_key common.sh kernel.sh image.sh guest_init.sh)"
}

# vm_build NAME DIRECTORY SCRIPT: makes DIRECTORY by SCRIPT once, whoever asks first; it
# appears complete or not at all. SCRIPT gets an empty directory, and runs in a mount
# namespace of its own, so that no mount outlives it.
vm_build() {
  local name=$1 directory=$2 script=$3
  [ ! -d "$directory" ] || return 0
  [ "$(id -u)" = 0 ] || vm_fail "the $name is built once, by root: sudo ./dev test --vm"
  mkdir -p "$VM_CACHE"
  (
    flock 9
    [ ! -d "$directory" ] || exit 0
    vm_say "building the $name; log: $directory.log"
    rm -rf "$directory.new"
    mkdir "$directory.new"
    start=$SECONDS
    if ! unshare --mount --propagation private "$script" "$directory.new" >"$directory.log" 2>&1; then
      tail -n 30 "$directory.log" >&2
      vm_fail "the $name could not be built; see $directory.log"
    fi
    mv "$directory.new" "$directory"
    vm_say "built the $name in $((SECONDS - start)) s"
  ) 9>"$directory.lock" || exit 1
}

# mirror_of SUITE PATTERN: where this machine's apt finds Debian's SUITE, or else the first suite that
# PATTERN matches, whose mirror has the others, too. Nothing where it has neither.
mirror_of() {
  # shellcheck disable=SC2016  # apt expands these
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$1" -v pattern="$2" '
      $2 != "main" { next }
      $1 == suite { print $3; found = 1; exit }
      $1 ~ pattern && other == "" { other = $3 }
      END { if (!found && other != "") print other }'
}

# The settings of this machine's apt that decide how it reaches the mirror.
apt_transport_settings() {
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|ForceIPv4|ForceIPv6)\b.*"..*";$' || true
}

# debian_tree TREE PACKAGE…: a minimal Debian with main and contrib, and these packages.
debian_tree() {
  local tree=$1 mirror security proxy=
  shift
  mirror=$(mirror_of "$VM_RELEASE" '^[^-]+$')
  [ -n "$mirror" ] || vm_fail "this machine's apt has no source of Debian's main; add one, and run apt-get update"
  security=$(mirror_of "$VM_RELEASE-security" '-security$')
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [ -z "$proxy" ] || export http_proxy=$proxy
  mkdir -p "$VM_CACHE/packages"
  debootstrap --variant=minbase --components=main,contrib --cache-dir="$VM_CACHE/packages" \
    "$VM_RELEASE" "$tree" "$mirror"
  cat >"$tree/etc/apt/sources.list" <<EOF
deb $mirror $VM_RELEASE main contrib
deb $mirror $VM_RELEASE-updates main contrib
${security:+deb $security $VM_RELEASE-security main contrib}
EOF
  apt_transport_settings >"$tree/etc/apt/apt.conf.d/99host"
  echo 'force-unsafe-io' >"$tree/etc/dpkg/dpkg.cfg.d/fast"
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod +x "$tree/usr/sbin/policy-rc.d"
  cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
  mount -t proc none "$tree/proc"
  mount --bind "$VM_CACHE/packages" "$tree/var/cache/apt/archives"
  in_tree "$tree" apt-get update -q
  in_tree "$tree" apt-get install -y -q --no-install-recommends "$@"
}

in_tree() {
  chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive "${@:2}"
}
