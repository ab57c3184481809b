# Guests: each runs on a throw-away overlay of the root image, with a second drive that
# carries what is under test, and an sshd on a loopback port. Sourced, never run.
#
# A guest is a directory: overlay, payload drive, key, port, pid, console.log.

# shellcheck source=tests/vm/common.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

vm_build_all() {
  vm_build kernel "$(vm_kernel_directory)" "$VM_DIRECTORY/kernel.sh"
  vm_build image "$(vm_image_directory)" "$VM_DIRECTORY/image.sh"
}

# guest_start DIRECTORY [PAYLOAD]: starts a guest and returns when it answers. PAYLOAD is a
# directory that the guest sees at /payload, as it is now. The guest is ended after
# SNAPFERRY_VM_LIMIT seconds (default 7200), whatever happens to its starter.
guest_start() {
  local guest=$1 payload=${2:-} port image kernel
  image=$(vm_image_directory) kernel=$(vm_kernel_directory)
  mkdir -p "$guest/payload"
  [ -z "$payload" ] || cp -a "$payload/." "$guest/payload/"
  rm -f "$guest/key" "$guest/key.pub"
  ssh-keygen -q -t ed25519 -N '' -C guest -f "$guest/key"
  cp "$guest/key.pub" "$guest/payload/authorized_keys"
  payload_drive "$guest/payload" "$guest/payload.img"
  qemu-img create -q -f qcow2 -F raw -b "$image/root.img" "$guest/overlay.qcow2"
  port=$(free_port)
  echo "$port" >"$guest/port"
  local arguments=(
    -accel "tcg,thread=multi" -cpu max -smp 2 -m "${SNAPFERRY_VM_MEMORY:-2048}"
    -nodefaults -display none -no-reboot -serial "file:$guest/console.log"
    -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd.img"
    -append "console=ttyS0 panic=-1 root=/dev/vda rw init=/sbin/guest_init net.ifnames=0 quiet"
    -drive "file=$guest/overlay.qcow2,if=virtio,format=qcow2,cache=unsafe,discard=unmap"
    -drive "file=$guest/payload.img,if=virtio,format=raw,readonly=on"
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22"
    -device "virtio-net-pci,netdev=net,romfile="
    -device virtio-rng-pci
  )
  timeout --kill-after=5 "${SNAPFERRY_VM_LIMIT:-7200}" qemu-system-x86_64 "${arguments[@]}" \
    </dev/null >"$guest/qemu.log" 2>&1 &
  echo $! >"$guest/pid"
  guest_await "$guest"
}

# payload_drive DIRECTORY IMAGE: an ext4 image of DIRECTORY, with a little room to spare.
payload_drive() {
  local kib
  kib=$(du -sk "$1" | cut -f1)
  rm -f "$2"
  truncate -s "$((kib + kib / 10 + 4096))K" "$2"
  mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$1" "$2"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Each attempt of ssh waits for the guest's answer, so this does not spin.
guest_await() {
  local guest=$1 end=$((SECONDS + 180))
  until guest_ssh "$guest" true 2>"$guest/ssh.log"; do
    guest_runs "$guest" && [ $SECONDS -lt $end ] && sleep 0.5 && continue
    cat "$guest/ssh.log" >&2
    tail -n 40 "$guest/console.log" "$guest/qemu.log" >&2
    vm_fail "the guest does not answer"
  done
}

guest_runs() { kill -0 "$(cat "$1/pid")" 2>/dev/null; }

guest_ssh_options() {
  printf '%s\n' -F none -i "$1/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=20 \
    -o ServerAliveInterval=30 -o ServerAliveCountMax=10
}

# guest_ssh DIRECTORY [COMMAND…]: COMMAND is one shell line of the guest.
guest_ssh() {
  local guest=$1 options
  shift
  mapfile -t options < <(guest_ssh_options "$guest")
  ssh "${options[@]}" -p "$(cat "$guest/port")" root@127.0.0.1 "$@"
}

# guest_copy DIRECTORY FILE… TARGET: copies files of this machine into the guest.
guest_copy() {
  local guest=$1 options
  shift
  mapfile -t options < <(guest_ssh_options "$guest")
  scp -q -r "${options[@]}" -P "$(cat "$guest/port")" "${@:1:$#-1}" "root@127.0.0.1:${!#}"
}

# guest_stop DIRECTORY: ends the guest at once, by its process id, and removes it.
guest_stop() {
  local guest=$1 pid
  [ -e "$guest/pid" ] || return 0
  pid=$(cat "$guest/pid")
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm -rf "$guest"
}
