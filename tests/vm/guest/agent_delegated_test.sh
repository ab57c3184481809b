# An agent that is not root, on real ZFS: the doctor says which rights must be delegated, and with
# those it can be pulled from.
source "$(dirname "$(readlink -f "$0")")/agent_common.sh"

zfs create source/data
zfs create source/data/home
head -c 300K /dev/urandom >/source/data/home/file

userdel -r alice 2>/dev/null || true
useradd -m -s /bin/bash -p '*' alice
install -d -m 700 -o alice -g alice /home/alice/.ssh
authorize delegated alice --allow source --volume 'zfs:source/data/**' --sandbox require
chown alice: /home/alice/.ssh/authorized_keys
said=$("$SNAPFERRY" doctor delegated "${remote[@]}" 2>&1) && fail "nothing is missing: $said"
line=$(grep -o 'zfs allow -u alice [a-z,]* source/data' <<<"$said") || fail "no zfs allow in: $said"
$line
succeeds "$SNAPFERRY" doctor delegated "${remote[@]}"
succeeds "$SNAPFERRY" init --store zfs:backup/second
succeeds "$SNAPFERRY" backup 'delegated:zfs:source/data/**' --store zfs:backup/second --set main \
  "${remote[@]}"
echo four >>/source/data/home/name
next_second
succeeds "$SNAPFERRY" backup 'delegated:zfs:source/data/**' --store zfs:backup/second --set main \
  "${remote[@]}"
says incremental
echo passed
