"""Runs commands and tells their wall time and peak memory."""

import dataclasses
import os
import signal
import subprocess
import time


class Failed(Exception):
    """A command ended with an error or took too long; the text is one line."""


@dataclasses.dataclass
class Sample:
    seconds: float = 0.0
    peak_mb: float = 0.0
    near: int = 0   # processes that it started; of replication alone
    far: int = 0    # and that a sshd started for it


def parse_sample(text):
    """What bench_measure wrote: seconds, KiB and, if it counted, processes near and far."""
    seconds, peak_kib, *processes = text.split()
    return Sample(float(seconds), int(peak_kib) * 1024 / 1e6, *map(int, processes))


class Meter:
    """Runs commands through the program bench_measure (measure.cc)."""

    def __init__(self, program, directory, limit_seconds):
        self.program = program
        self.directory = directory
        self.log = os.path.join(directory, "log.txt")
        self.result = os.path.join(directory, "measured")
        self.limit_seconds = limit_seconds

    def run(self, argv, environment=None, output=None):
        """Runs argv to its end; what it prints goes to the file `output`, or the log.

        Throws Failed; the command is ended if it takes longer than the limit.
        """
        with open(self.log, "ab") as log:
            log.write(("$ " + " ".join(argv) + "\n").encode())
        with open(output or self.log, "wb" if output else "ab") as stdout, \
                open(self.log, "ab") as stderr:
            process = subprocess.Popen(
                [self.program, self.result, *argv], env={**os.environ, **(environment or {})},
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                start_new_session=True)
            status = self.wait(process)
        if status != 0:
            name = " ".join([os.path.basename(argv[0]), *argv[1:2]])
            raise Failed(f"{name}: exit status {status}")
        with open(self.result, encoding="ascii") as file:
            return parse_sample(file.read())

    def wait(self, process):
        try:
            return process.wait(self.limit_seconds)
        except subprocess.TimeoutExpired as error:
            # The process leads a session of its own: this ends it and its children.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed(f"took longer than {self.limit_seconds:.0f} s") from error

    def run_all(self, commands, environment=None):
        """Runs commands one after another; the sample is that of all together."""
        samples = [self.run(argv, environment) for argv in commands]
        return Sample(sum(sample.seconds for sample in samples),
                      max((sample.peak_mb for sample in samples), default=0.0))


def wait_for_idle_disk(path, quiet_seconds=2.0, limit_seconds=180.0):
    """Writes everything out and waits until the disk below `path` has nothing to do.

    What was removed is still discarded and journalled for a while after sync. A filesystem
    without a disk of its own, and a disk that is never quiet, are not waited for.
    """
    os.sync()
    device = os.stat(path).st_dev
    statistics = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"
    if not os.path.exists(statistics):
        return
    end = time.monotonic() + limit_seconds
    before = None
    while time.monotonic() < end:
        with open(statistics, encoding="ascii") as file:
            now = file.read()
        if now == before:
            return
        before = now
        time.sleep(quiet_seconds)


def tree_size(path):
    """The bytes of all files below `path`; a file with several names counts once."""
    seen = set()
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            stat = os.lstat(os.path.join(directory, name))
            if stat.st_nlink == 1 or (stat.st_dev, stat.st_ino) not in seen:
                seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_size
    return total
