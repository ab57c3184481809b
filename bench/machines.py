"""Machines on which replication is measured: this one, and a guest with OpenZFS.

Both run shell scripts, so that one description of a measurement serves for both.
"""

import os
import shlex
import subprocess

import measure

VM = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "tests", "vm")


class Machine:
    """Every script runs in bash with -euo pipefail, as root, in the directory `work`."""

    def __init__(self, work, programs, limit_seconds, log):
        self.work = work            # on that machine
        self.programs = programs    # the directory of bench_measure, on that machine
        self.limit_seconds = limit_seconds
        self.log = log              # a file on this machine: what scripts said and did
        self.environment = {}       # of all scripts
        self.sshd = 0               # process id of the sshd whose children are counted; 0: none

    def start(self):
        raise NotImplementedError

    def shell(self, script, limit_seconds=None):
        """Returns what the script prints; throws measure.Failed with the last line it said."""
        lines = ["set -euo pipefail", f"cd {shlex.quote(self.work)}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        # As one group, because what reads standard input would read the rest of the script.
        text = "\n".join([*lines, "{ :", script, "} </dev/null", ""])
        try:
            done = subprocess.run(self.start(), input=text, capture_output=True, text=True,
                                  check=False, timeout=(limit_seconds or self.limit_seconds) + 60)
        except subprocess.TimeoutExpired as error:
            raise measure.Failed(f"took longer than {error.timeout:.0f} s") from error
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{script}\n--- {done.returncode}\n{done.stdout}{done.stderr}\n")
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()
            raise measure.Failed(f"exit status {done.returncode}: {said[-1][:200]}")
        return done.stdout

    def measure(self, argv):
        """Runs argv and returns its measure.Sample, with the processes that it started."""
        program = os.path.join(self.programs, "bench_measure")
        command = ["timeout", "--kill-after=5", str(self.limit_seconds), program, "--count",
                   str(self.sshd), "measured", *argv]
        return measure.parse_sample(
            self.shell(f"rm -f measured\n{shlex.join(command)} >&2\ncat measured"))


class ThisMachine(Machine):
    def start(self):
        return ["bash", "-s"]


class Guest(Machine):
    """A new guest (tests/vm/guest.sh), which is ended with stop()."""

    WORK = "/root/bench"
    PROGRAMS = "/payload/bin"

    def __init__(self, directory, snapferry, programs, limit_seconds, log):
        super().__init__(self.WORK, self.PROGRAMS, limit_seconds, log)
        self.directory = os.path.join(directory, "guest")
        self.payload = os.path.join(directory, "payload")
        self.snapferry = snapferry
        self.host = ThisMachine(directory, programs, limit_seconds, log)
        self.host.environment["SNAPFERRY_VM_LIMIT"] = str(24 * 3600)

    def boot(self):
        self.stop()
        payload = shlex.quote(self.payload)
        self.host.shell(f"""
            rm -rf {payload} && mkdir -p {payload}/bin
            for program in {shlex.quote(self.snapferry)} \
              {shlex.quote(self.host.programs)}/bench_measure; do
              objcopy --strip-debug "$program" {payload}/bin/"$(basename "$program")"
            done
            cp -a {shlex.quote(VM)}/guest {payload}/tests""")
        self.call("vm_build_all")
        self.call("guest_start", self.directory, self.payload)
        # Scripts begin in the directory that this makes.
        self.call("guest_ssh", self.directory, f"mkdir -p {self.WORK}")

    @staticmethod
    def call_of(*words):
        return ["bash", "-c", 'source "$0" && "$@"', os.path.join(VM, "guest.sh"), *words]

    def call(self, *words):
        # Its output goes nowhere, because the guest would keep a pipe open.
        self.host.shell(shlex.join(self.call_of(*words)) + " >/dev/null 2>vm-errors </dev/null || "
                        "{ cat vm-errors >&2; exit 1; }", 3600)

    def start(self):
        return self.call_of("guest_ssh", self.directory, "bash -s")

    def stop(self):
        self.call("guest_stop", self.directory)
