#!/usr/bin/env bash
# kernel.sh DIRECTORY: Debian's kernel with OpenZFS, compiled in a tree of its own so that
# no DKMS hook stays on this machine. Leaves vmlinuz, initrd.img, modules.tar and versions.
set -euo pipefail
# shellcheck source=tests/vm/common.sh
source "$(dirname "$(readlink -f "$0")")/common.sh"

directory=$1
tree=$directory/tree
debian_tree "$tree" initramfs-tools zstd kmod

# Only what finds the root file system: a full initrd takes longest to unpack under emulation.
sed -i -e 's/^MODULES=.*/MODULES=list/' -e 's/^COMPRESS=.*/COMPRESS=gzip/' \
  "$tree/etc/initramfs-tools/initramfs.conf"
printf '%s\n' virtio_pci virtio_blk ext4 crc32c >>"$tree/etc/initramfs-tools/modules"

in_tree "$tree" apt-get install -y -q --no-install-recommends linux-image-amd64 linux-headers-amd64
kernel=$(basename "$(echo "$tree"/lib/modules/*)")
in_tree "$tree" apt-get install -y -q --no-install-recommends zfs-dkms
zfs=$(in_tree "$tree" dpkg-query -W -f '${source:Upstream-Version}' zfs-dkms)
in_tree "$tree" dkms install "zfs/$zfs" -k "$kernel"
in_tree "$tree" modinfo -k "$kernel" -F version zfs
in_tree "$tree" depmod "$kernel"
in_tree "$tree" update-initramfs -u -k "$kernel"

cp "$tree/boot/vmlinuz-$kernel" "$directory/vmlinuz"
cp "$tree/boot/initrd.img-$kernel" "$directory/initrd.img"
rm -f "$tree/lib/modules/$kernel/"{build,source}
tar -C "$tree" -cf "$directory/modules.tar" "lib/modules/$kernel"
in_tree "$tree" dpkg-query -W linux-image-amd64 zfs-dkms >"$directory/versions"
umount "$tree/var/cache/apt/archives" "$tree/proc"
rm -rf "$tree"
