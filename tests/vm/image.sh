#!/usr/bin/env bash
# image.sh DIRECTORY: the guest's root file system, root.img, with the kernel's modules.
# The kernel must have been built.
set -euo pipefail
# shellcheck source=tests/vm/common.sh
source "$(dirname "$(readlink -f "$0")")/common.sh"

directory=$1
tree=$directory/tree
program_libraries=(libfmt9 libssl3 libsodium23 libzstd1 libxxhash0 libfuse3-3 libbtrfsutil1 fuse3)
filesystems=(zfsutils-linux btrfs-progs e2fsprogs)
peers=(simplesnap liblogger-syslog-perl sanoid mbuffer pv lzop rsync)
system=(openssh-server openssh-client kmod udev iproute2 procps python3-minimal acl attr netcat-openbsd)
debian_tree "$tree" "${program_libraries[@]}" "${filesystems[@]}" "${peers[@]}" "${system[@]}"

tar -C "$tree" -xf "$(vm_kernel_directory)/modules.tar" --exclude='*/kernel/sound' \
  --exclude='*/kernel/drivers/gpu' --exclude='*/kernel/drivers/media' \
  --exclude='*/kernel/drivers/net/wireless' --exclude='*/kernel/drivers/net/ethernet'
in_tree "$tree" depmod "$(basename "$(echo "$tree"/lib/modules/*)")"
install -m 755 "$VM_DIRECTORY/guest_init.sh" "$tree/sbin/guest_init"
echo guest >"$tree/etc/hostname"
echo '127.0.0.1 localhost guest web1 web2' >"$tree/etc/hosts"
# The drive with what is under test, and the guest's own sshd.
mkdir -p "$tree/payload" "$tree/run/sshd"
cat >"$tree/etc/ssh/sshd_config.d/guest.conf" <<EOF
PermitRootLogin prohibit-password
UseDNS no
PrintMotd no
MaxStartups 100
UsePAM no
EOF
in_tree "$tree" dpkg-query -W zfsutils-linux simplesnap sanoid btrfs-progs openssh-server >"$directory/versions"
umount "$tree/var/cache/apt/archives" "$tree/proc"
rm -rf "$tree/var/lib/apt/lists" "$tree/var/cache/apt" "$tree/usr/share/doc" "$tree/usr/share/locale" \
  "$tree/usr/share/man"
# Sparse, so its size costs nothing; the pools of the tests are files in it.
truncate -s 24G "$directory/root.img"
mke2fs -q -t ext4 -O ^has_journal -d "$tree" "$directory/root.img"
rm -rf "$tree"
