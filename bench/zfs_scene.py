"""OpenZFS in a guest, with simplesnap, syncoid and a bare pipe beside snapferry."""

import functools
import shlex

import machines
import measure
import near_and_far
from contenders import Contender, Race

MANY = 100
FILE_KIB = 20
BIG_MIB, CHANGED_MIB = 1024, 192
FILE_MIB = 64

# simplesnap backs up every pool but what is excluded.
MAKE = {
    "many": """
        zfs create source/many
        for number in $(seq -w {many}); do
          zfs create "source/many/$number"
          head -c {kib}K /dev/urandom >"/source/many/$number/file"
        done""",
    "one": """
        zfs create source/one
        head -c {big}M /dev/urandom | split -b {part}M - /source/one/file""",
}
# In the big one with snapshots of others in between, which are ferried along.
CHANGE = {
    "many": """
        for volume in /source/many/*; do head -c {kib}K /dev/urandom >"$volume/file"; done""",
    "one": """
        for between in 1 2 3; do
          head -c {third}M /dev/urandom | dd of="$(ls /source/one/file* | sed -n "${{between}}p")" \\
            bs=1M conv=notrunc iflag=fullblock status=none
          zfs snapshot "source/one@others-{number}-$between"
        done""",
}


class ZfsScene:
    name = "zfs"
    title = "OpenZFS in a virtual machine without hardware acceleration"
    snapferry = machines.Guest.PROGRAMS + "/snapferry"
    place = machines.Guest.WORK

    def __init__(self, options, log):
        self.options = options
        self.machine = machines.Guest(options.directory, options.snapferry, options.programs,
                                      options.limit, log)
        scale = options.scale
        self.many = max(int(MANY * scale), 3)
        self.sizes = {"many": self.many, "kib": FILE_KIB, "part": FILE_MIB,
                      "big": max(int(BIG_MIB * scale), 3 * FILE_MIB),
                      "third": min(max(int(CHANGED_MIB * scale / 3), 4), FILE_MIB)}

    def open(self):
        self.machine.boot()
        near_and_far.start(self.machine)

    def close(self):
        self.machine.stop()

    def describe(self):
        return ["- Two emulated processors (QEMU's TCG), which are ten to twenty times slower "
                "than real ones while the disk is not: only ratios mean anything, and what costs "
                "processor time, such as ssh and processes, weighs more than elsewhere",
                f"- {self.many} datasets of one file of {FILE_KIB} KiB, which is written again for "
                "each \"changed\"",
                f"- one dataset of {self.sizes['big']} MiB, of which {3 * self.sizes['third']} MiB "
                "are written again for each \"changed\", with three snapshots of others in "
                "between that go along",
                "- two pools on files; an sshd of its own on the loopback, which the store pulls "
                "from; the peers are measured in "
                f"{self.options.slow_rounds} of {self.options.rounds} rounds, because simplesnap "
                "takes nine minutes for each case"]

    def versions(self):
        return self.machine.shell(f"{self.snapferry} version | head -n 1; zfs version | head -n 1; "
                                  "dpkg-query -W -f '${Package} ${Version}\\n' simplesnap sanoid"
                                  ).splitlines()

    def make_source(self, volumes):
        self.machine.shell(f"""
            bash /payload/tests/prepare.sh
            cp ssh/config /root/.ssh/config
            zfs set org.complete.simplesnap:exclude=on backup
            {MAKE[volumes].format(**self.sizes)}""")

    def make_store(self):
        """make_source() has made it."""

    def change(self, volumes, number):
        self.machine.shell(CHANGE[volumes].format(number=number, **self.sizes))

    def settle(self):
        self.machine.shell("zpool sync")

    def check(self, volumes, contender, backups):
        """Every state that a measured backup was made of is in the store, of each volume."""
        if contender.is_limit:
            return
        volume = "many/" + str(self.many) if volumes == "many" else "one"
        newest = self.machine.shell(f"zfs list -H -o guid,name -t snapshot -s createtxg -r "
                                    f"source/{volume} | tail -n 1 | cut -f1").strip()
        found = self.machine.shell("zfs list -H -o guid -t snapshot -r backup").split()
        # The peers keep the newest one alone.
        kept = backups if contender.name == "snapferry" else 1
        wanted = kept * (self.many if volumes == "many" else 1)
        if newest not in found or len(found) < wanted:
            raise measure.Failed(f"{len(found)} snapshots are in the store, of {wanted} or more")

    # The contenders.

    def races(self):
        return [Race(volumes, transport, [self.snapferry_as(volumes, transport),
                                          *self.others(volumes, transport)])
                for volumes in ("many", "one") for transport in ("local", "ssh")]

    def others(self, volumes, transport):
        if volumes == "one":
            return [self.pipe(transport), self.relayed_pipe(transport)]
        return [self.syncoid(transport), self.simplesnap(transport)]

    def snapferry_as(self, volumes, transport):
        pattern = f"zfs:source/{volumes}/**"
        store = ["--store", "zfs:backup/snapferry"]
        prepare = Contender.prepare
        source = pattern
        if transport == "ssh":
            source = f"{near_and_far.AGENT}:{pattern}"
            prepare = functools.partial(near_and_far.allow_agent, self.machine, self.snapferry,
                                        pattern)
        command = [self.snapferry, "backup", "--quiet", source, "--set", "main", *store]
        return Contender("snapferry", "as it comes", lambda number: command,
                         shlex.join([self.snapferry, "init", "--quiet", *store]), prepare)

    def syncoid(self, transport):
        source = "source/many" if transport == "local" else f"root@{near_and_far.PLAIN}:source/many"
        command = ["syncoid", "--quiet", "--recursive", source, "backup/syncoid"]
        return Contender("syncoid", "--recursive, as it comes", lambda number: command,
                         repeats=1, every_round=False)

    def simplesnap(self, transport):
        command = ["simplesnap", "--setname", "main", "--store", "backup/simplesnap"]
        if transport == "local":
            command += ["--host", "guest", "--local"]
        else:
            command += ["--host", near_and_far.FILTERED, "--sshcmd", "ssh"]
        prepare = Contender.prepare
        if transport == "ssh":
            prepare = functools.partial(near_and_far.allow_filtered, self.machine,
                                        "/usr/sbin/simplesnapwrap")
        return Contender("simplesnap", "as it comes", lambda number: command,
                         "zfs create backup/simplesnap", prepare, repeats=1, every_round=False)

    def pipe(self, transport):
        return self.pipe_as("pipe", transport, "")

    def relayed_pipe(self, transport):
        """The least that a program costs which looks at what passes, at each end."""
        return self.pipe_as("pipe and cat", transport, "| cat ")

    def pipe_as(self, name, transport, relay):
        def command(number):
            base = f"-I source/one@pipe-{number - 1} " if number > 1 else ""
            send = f"zfs send -L -e -c {base}source/one@pipe-{number} {relay}"
            if transport == "ssh":
                send = f"ssh {near_and_far.PLAIN} '{send}' {relay}"
            return ["bash", "-c", f"set -o pipefail; {send}| zfs receive -u backup/pipe"]
        shown = (f"zfs send {relay}| zfs receive" if transport == "local"
                 else f"zfs send {relay}| ssh {relay}| zfs receive")
        return Contender(name, f"{shown}, with -L -e -c, and -I from the second on", command,
                         before=lambda number: f"zfs snapshot source/one@pipe-{number}",
                         is_limit=True)
