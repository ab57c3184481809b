#!/usr/bin/env bash
# prepare.sh: makes two new pools, `source` and `backup`, in the guest, in place of all there
# are, and a root that may log in to this machine, by any of the names web1, web2 and localhost.
set -euo pipefail

for pool in $(zpool list -H -o name); do zpool destroy -f "$pool"; done
rm -rf /pools
mkdir /pools
for pool in source backup; do
  truncate -s 4G "/pools/$pool.img"
  zpool create -f -O atime=off -m "/$pool" "$pool" "/pools/$pool.img"
done

# What a test adds to authorized_keys, or to root's configuration of ssh, ends with it.
[ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
rm -f /root/.ssh/config
cat /payload/authorized_keys /root/.ssh/id_ed25519.pub >/root/.ssh/authorized_keys
read -r type key _ </etc/ssh/ssh_host_ed25519_key.pub
echo "localhost,guest,web1,web2,127.0.0.1 $type $key" >/root/.ssh/known_hosts
