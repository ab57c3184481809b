"""btrfs on loop devices of this machine, with btrbk and a bare pipe beside snapferry."""

import contextlib
import functools
import os
import shlex
import tempfile

import machines
import measure
import near_and_far
from contenders import Contender, Race

MANY = 100
FILES_KIB = 200            # in ten files
BIG_MIB, CHANGED_MIB = 3072, 300
FILE_MIB = 128

MAKE = {
    "many": """
        mkdir source/many
        for number in $(seq -w {many}); do
          btrfs -q subvolume create "source/many/$number"
          head -c {kib}K /dev/urandom | split -b 20K - "source/many/$number/file"
        done""",
    "one": """
        mkdir source/one
        btrfs -q subvolume create source/one/big
        head -c {big}M /dev/urandom | split -b {part}M - source/one/big/file""",
}
CHANGE = {
    "many": """
        for volume in source/many/*; do head -c 20K /dev/urandom >"$volume/fileaa"; done""",
    "one": """
        files=(source/one/big/file*)
        rest={changed}
        for file in "${{files[@]}}"; do
          size=$((rest < {part} ? rest : {part}))
          head -c "${{size}}M" /dev/urandom | dd of="$file" bs=1M conv=notrunc iflag=fullblock \\
            status=none
          rest=$((rest - size))
          [ "$rest" -gt 0 ] || break
        done""",
}


class BtrfsScene:
    name = "btrfs"
    title = "btrfs on this machine"

    def __init__(self, options, log):
        self.options = options
        self.snapferry = options.snapferry
        # Below /run, because sshd trusts no file of keys below a directory of others.
        self.place = tempfile.mkdtemp(prefix="snapferry-bench.", dir="/run")
        self.images = options.directory
        self.machine = machines.ThisMachine(self.place, options.programs, options.limit, log)
        scale = options.scale
        self.many = max(int(MANY * scale), 3)
        self.sizes = {"many": self.many, "kib": FILES_KIB, "part": FILE_MIB,
                      "big": max(int(BIG_MIB * scale), FILE_MIB),
                      "changed": max(int(CHANGED_MIB * scale), 8)}
        self.image_gib = 16

    def open(self):
        near_and_far.start(self.machine)

    def close(self):
        for end in ("source", "store"):
            with contextlib.suppress(measure.Failed):
                self.unmount(end)
        with contextlib.suppress(measure.Failed):
            near_and_far.stop(self.machine)
        self.machine.shell(f"cd / && rm -rf {self.place}")

    def describe(self):
        return [f"- {self.many} subvolumes of {FILES_KIB} KiB in ten files, of which one is "
                "written again for each \"changed\"",
                f"- one subvolume of {self.sizes['big']} MiB, of which {self.sizes['changed']} MiB "
                "are written again for each \"changed\"",
                "- loop devices on the machine's disk; an sshd of its own on the loopback, which "
                "the store pulls from; nothing else runs"]

    def versions(self):
        return [self.first_line(f"{self.snapferry} version"), self.first_line("btrbk --version"),
                self.first_line("btrfs version"), self.first_line("ssh -V 2>&1")]

    def first_line(self, command):
        return self.machine.shell(f"{command} | head -n 1").strip()

    # The two file systems.

    def unmount(self, end):
        self.machine.shell(f"! mountpoint -q {end} || umount {end}; rm -f {self.image(end)}")

    def image(self, end):
        return shlex.quote(os.path.join(self.images, f"btrfs-{end}.img"))

    def make(self, end):
        self.unmount(end)
        self.machine.shell(f"""
            mkdir -p {end}
            truncate -s {self.image_gib}G {self.image(end)}
            mkfs.btrfs -q {self.image(end)}
            mount -o loop,noatime {self.image(end)} {end}""")

    def make_source(self, volumes):
        self.make("source")
        self.machine.shell(MAKE[volumes].format(**self.sizes) + "\nsync -f source")

    def make_store(self):
        """A new one; what was backed up before into the last one is forgotten at the source, too."""
        self.make("store")
        self.machine.shell("""
            shopt -s nullglob dotglob
            for kept in source/*/.snapferry/*/* source/*/.snapferry source/*/.kept/*; do
              btrfs -q subvolume delete "$kept" >/dev/null
            done
            btrfs filesystem sync source
            btrfs subvolume sync source >/dev/null""")

    def change(self, volumes, number):
        self.machine.shell(CHANGE[volumes].format(**self.sizes))

    def settle(self):
        """Nobody pays for what others wrote."""
        self.machine.shell("sync -f source; sync -f store")

    def check(self, volumes, contender, backups):
        """Every state that a measured backup was made of is in the store."""
        if contender.is_limit:
            return
        wanted = backups * (self.many if volumes == "many" else 1)
        # Only what was received has such an id.
        found = int(self.machine.shell(
            "btrfs subvolume list -R store | grep -c -v 'received_uuid - ' || true"))
        if found != wanted:
            raise measure.Failed(f"{found} snapshots are in the store and not {wanted}")

    # The contenders.

    def races(self):
        return [Race(volumes, transport, [self.snapferry_as(volumes, transport),
                                          self.btrbk_as(volumes, transport),
                                          *self.pipes(volumes, transport)])
                for volumes in ("many", "one") for transport in ("local", "ssh")]

    def snapferry_as(self, volumes, transport):
        pattern = f"btrfs:{self.place}/source/{volumes}/**"
        source = pattern if transport == "local" else f"{near_and_far.AGENT}:{pattern}"
        store = ["--store", f"btrfs:{self.place}/store/snapferry"]
        if transport == "ssh":
            store += ["--ssh-command", f"ssh -F {self.place}/ssh/config"]
        init = shlex.join([self.snapferry, "init", "--quiet", *store[:2]])
        prepare = Contender.prepare
        if transport == "ssh":
            prepare = functools.partial(near_and_far.allow_agent, self.machine, self.snapferry,
                                        pattern)
        command = [self.snapferry, "backup", "--quiet", source, "--set", "main", *store]
        return Contender("snapferry", "as it comes", lambda number: command, init, prepare)

    def btrbk_as(self, volumes, transport):
        root = f"{self.place}/source/{volumes}"
        volume = root if transport == "local" else f"ssh://{near_and_far.FILTERED}{root}"
        configuration = f"""
timestamp_format long-iso
snapshot_create onchange
snapshot_preserve_min latest
snapshot_preserve no
target_preserve_min all
snapshot_dir .kept
volume {volume}
  target {self.place}/store/btrbk
  subvolume *
"""
        set_up = f"""
            mkdir -p {root}/.kept store/btrbk
            cat >btrbk.conf <<'END'
{configuration}END"""
        command = ["env", f"PATH={self.place}/ssh/bin:{os.environ['PATH']}", "btrbk", "--quiet",
                   "--config", f"{self.place}/btrbk.conf", "run"]
        contender = Contender("btrbk", "snapshot_create onchange, so that it makes none of a "
                              "subvolume without changes; keeps as much as snapferry",
                              lambda number: command, set_up)
        if transport == "ssh":
            contender.description += "; ssh_filter_btrbk.sh"
            contender.prepare = functools.partial(
                near_and_far.allow_filtered, self.machine,
                "/usr/share/btrbk/scripts/ssh_filter_btrbk.sh --source --delete --info")
        return contender

    def pipes(self, volumes, transport):
        if volumes == "many":
            return []
        return [self.pipe(transport, durable=False), self.pipe(transport, durable=True)]

    def pipe(self, transport, durable):
        kept = f"{self.place}/source/one/.kept"

        def before(number):
            return f"""
                mkdir -p {kept}
                btrfs -q subvolume snapshot -r source/one/big {kept}/{number} >/dev/null"""

        def command(number):
            base = f"-p {kept}/{number - 1} " if number > 1 else ""
            send = f"btrfs -q send {base}{kept}/{number}"
            if transport == "ssh":
                send = f"ssh -F {self.place}/ssh/config {near_and_far.PLAIN} '{send}'"
            end = f" && sync -f {self.place}/store" if durable else ""
            return ["bash", "-c", f"set -o pipefail; {send} | btrfs -q receive "
                                  f"{self.place}/store{end}"]
        name = "pipe and sync" if durable else "pipe"
        description = ("btrfs send | btrfs receive" if transport == "local" else
                       "btrfs send | ssh | btrfs receive")
        if durable:
            description += " && sync -f, as everyone who keeps a backup must wait for the disk"
        return Contender(name, description, command, before=before, is_limit=True)
