#!/bin/bash
# The first process of the guest: mounts what a system needs, loads ZFS, starts sshd, and
# waits to be ended. The host does everything else over ssh.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /run
mount -t tmpfs none /tmp
mkdir -p /run/sshd /run/lock
hostname guest

/lib/systemd/systemd-udevd --daemon
modprobe -a virtio_net virtio_rng zfs btrfs fuse loop
# Not all of it: drivers for what no test uses take longest to load.
udevadm trigger --action=add --subsystem-match=block --subsystem-match=misc
udevadm settle

ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2

mount -o ro /dev/vdb /payload
mkdir -p -m 700 /root/.ssh
cp /payload/authorized_keys /root/.ssh/
/usr/sbin/sshd
echo "guest: ready"
# Not exec: the shell buries the orphans.
while true; do sleep 3600; done
