#!/usr/bin/env python3
"""The main job under fire: several hosts back up into one repository on a disk that fills up, while
backups sleep and are killed, and prunes take away what they can. In the end every snapshot is restored
and compared with what its source was.

  endure.py PROGRAM [--minutes 5] [--source DIR]... [--seed N] [--disk BYTES] [--keep DIR] [--report FILE]

Needs root: each host has namespaces of its own (hostname, processes, mounts) and a cache of its own; the
clock of the last one is a day off (libfaketime). A host has trees that change between its backups, and,
given --source, the first host also backs up those directories as they are.

What is proven in the end:
- every backup that ended with 0 made a snapshot that is listed, or that a prune named as removed;
- every listed snapshot, also of a backup that was killed, restores, and is what the tree was then;
- `verify --read-data` finds no damage, and one more prune ends with 0.
"""

import argparse
import collections
import glob
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "only for this test"
NO_SPACE, SOME_FAILED, INTERRUPTED = 14, 3, 130


def describe(root, skip=()):
    """A digest of everything below root: kinds, modes, owners, times, links, contents."""
    digest = hashlib.sha256()
    first = {}
    stack = [b""]
    root = os.fsencode(root)
    while stack:
        relative = stack.pop()
        names = sorted(os.listdir(os.path.join(root, relative)), reverse=True)
        for name in names:
            path = os.path.join(relative, name)
            full = os.path.join(root, path)
            if full in skip:
                continue
            info = os.lstat(full)
            words = [path, info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns]
            if stat.S_ISDIR(info.st_mode):
                stack.append(path)
            else:
                words += [info.st_size, info.st_nlink, first.setdefault((info.st_dev, info.st_ino), path)]
            if stat.S_ISLNK(info.st_mode):
                words.append(os.readlink(full))
            elif stat.S_ISREG(info.st_mode):
                with open(full, "rb") as file:
                    words.append(hashlib.file_digest(file, "sha256").hexdigest())
            digest.update(repr(words).encode())
    return digest.hexdigest()


class Host:
    """A machine: processes started here see its name, its processes and its clock alone."""

    def __init__(self, rig, name, number, skewed):
        self.rig, self.name, self.skewed = rig, name, skewed
        self.random = random.Random(rig.arguments.seed * 1000 + number)
        self.cache = f"{rig.place}/cache-{name}"
        self.tree = f"{rig.place}/{name}/tree"
        os.makedirs(self.tree)
        self.generation = 0
        for i in range(200):
            self.write(f"{self.tree}/d{i % 10}/f{i}", self.random.randrange(1, 60_000))

    def command(self, *words, clock=None):
        shell = f"hostname {self.name}; mount --bind {self.rig.place}/machine-{self.name} /etc/machine-id; exec \"$@\""
        environment = {"SNAPFERRY_PASSWORD": PASSWORD, "SNAPFERRY_STORE": f"repo:{self.rig.store}",
                       "SNAPFERRY_CACHE": self.cache, "PATH": os.environ["PATH"], "HOME": "/root"}
        clock = clock or ("-1d" if self.skewed else None)
        inner = [self.rig.program, *words]
        if clock:
            inner = ["env", f"LD_PRELOAD={self.rig.faketime}", f"FAKETIME={clock}", "NO_FAKE_STAT=1",
                     "DONT_FAKE_MONOTONIC=1", *inner]
        return (["unshare", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc",
                 "sh", "-c", shell, "host", *inner], environment)

    def write(self, path, size):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(self.random.randbytes(size))

    def change(self):
        """Some files written, appended to, removed, renamed; now and then some megabytes of new data."""
        self.generation += 1
        files = [os.path.join(d, f) for d, _, names in os.walk(self.tree) for f in names]
        for path in self.random.sample(sorted(files), min(len(files), 12)):
            what = self.random.randrange(5)
            if what == 0:
                os.unlink(path)
            elif what == 1:
                os.rename(path, path + "r" if len(path) < 200 else path[:100])
            elif what == 2:
                with open(path, "ab") as file:
                    file.write(self.random.randbytes(3000))
            else:
                self.write(path, self.random.randrange(1, 200_000))
        self.write(f"{self.tree}/d{self.generation % 13}/n{self.generation}", self.random.randrange(1, 9_000_000))
        if self.random.random() < 0.5:
            self.write(f"{self.tree}/big", self.random.randrange(20_000_000, 60_000_000))
        with open(f"{self.tree}/GENERATION", "w") as file:
            file.write(str(self.generation))
        return describe(self.tree)


class Rig:
    def __init__(self, arguments):
        self.arguments = arguments
        self.program = os.path.realpath(arguments.program)
        self.place = arguments.keep or tempfile.mkdtemp(prefix="endure-")
        os.makedirs(self.place, exist_ok=True)
        os.chmod(self.place, 0o755)
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.faketime = found[0] if found else None
        self.disk = f"{self.place}/disk"
        os.makedirs(self.disk)
        with open(f"{self.place}/disk.img", "wb") as image:
            image.truncate(arguments.disk)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", f"{self.place}/disk.img"], check=True)
        subprocess.run(["mount", "-o", "loop", f"{self.place}/disk.img", self.disk], check=True)
        self.store = f"{self.disk}/store"
        self.lock = threading.Lock()
        self.expected = {}      # (host, path, generation) -> description
        self.committed = {}     # snapshot id -> (host, path, generation)
        self.removed = set()    # ids that a prune or forget named
        self.count = collections.Counter()
        self.problems = []
        self.random = random.Random(arguments.seed)
        names = ["alpha", "beta", "gamma"]
        for name in names:
            with open(f"{self.place}/machine-{name}", "w") as file:
                file.write(hashlib.md5(name.encode()).hexdigest() + "\n")
        self.hosts = [Host(self, name, i, self.faketime is not None and i == 2) for i, name in enumerate(names)]

    def problem(self, text):
        with self.lock:
            self.problems.append(text)
        print("PROBLEM:", text, flush=True)

    def counted(self, what):
        with self.lock:
            self.count[what] += 1

    def run(self, host, *words, fire=None, clock=None):
        """Runs the program on the host; `fire` is called with the process while it works."""
        argv, environment = host.command(*words, clock=clock)
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        outputs = {}
        reader = threading.Thread(target=lambda: outputs.update(both=process.communicate()))
        reader.start()
        if fire:
            fire(process)
        reader.join()
        out, error = outputs["both"]
        lines = []
        for line in out.decode(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return process.returncode, lines, error.decode(errors="replace")

    def group(self, process, number):
        """Sends a signal to the program itself, the last of the chain that unshare starts."""
        try:
            for entry in os.listdir("/proc"):
                if not entry.isdigit():
                    continue
                try:
                    with open(f"/proc/{entry}/stat") as file:
                        fields = file.read().rsplit(")", 1)[1].split()
                    if int(fields[3]) == process.pid and os.readlink(f"/proc/{entry}/exe") == self.program:
                        os.kill(int(entry), number)
                except (OSError, ValueError, IndexError):
                    pass
        except OSError:
            pass

    def backup(self, host, path, generation, description):
        with self.lock:
            self.expected[(host.name, path, generation)] = description
        what = host.random.choices(["calm", "kill", "sleep", "interrupt"], [5, 2, 3, 1])[0]

        def fire(process):
            if what == "calm":
                return
            time.sleep(host.random.uniform(0.01, 1.2))
            if what == "kill":
                self.group(process, signal.SIGKILL)
            elif what == "interrupt":
                self.group(process, signal.SIGINT)
            else:
                self.group(process, signal.SIGSTOP)
                time.sleep(host.random.uniform(1, 6))
                self.group(process, signal.SIGCONT)

        status, lines, error = self.run(host, "backup", path, "--json", fire=fire)
        self.counted(f"backup {what}: {status}")
        if status == 0:
            made = [line for line in lines if line.get("type") == "backup"]
            if len(made) != 1:
                self.problem(f"{host.name}: a backup ended with 0 and named {len(made)} snapshots")
            for line in made:
                with self.lock:
                    self.committed[line["id"]] = (host.name, path, generation)
        elif status == SOME_FAILED or (what == "calm" and status not in (NO_SPACE, 1, 11)):
            self.problem(f"{host.name}: backup of {path} ended with {status}: {error[-400:]}")
        return status

    def live(self, host, end):
        while time.time() < end:
            generation_description = host.change()
            for _ in range(6):
                if self.backup(host, host.tree, host.generation, generation_description) == 0:
                    break
                if time.time() > end:
                    break

    def sources(self, host, end):
        """The directories that are backed up as they are."""
        descriptions = {source: describe(source) for source in self.arguments.source}
        number = 0
        while time.time() < end:
            for source in self.arguments.source:
                number += 1
                self.backup(host, source, number, descriptions[source])

    def prune(self, end):
        while time.time() < end:
            time.sleep(self.random.uniform(1, 5))
            host = self.random.choice(self.hosts)
            # A day later: by the clock of whoever prunes, which proves nothing, or by that of the store.
            clock = "+25h" if self.faketime and self.random.random() < 0.2 else None
            if self.random.random() < 0.3:
                self.age_claims()
            rules = ["--keep-last", "4"] if self.random.random() < 0.8 else []
            with_fire = self.random.random() < 0.25

            def fire(process):
                time.sleep(self.random.uniform(0.02, 1.0))
                self.group(process, signal.SIGKILL)

            status, lines, error = self.run(host, "prune", *rules, "--json", fire=fire if with_fire else None,
                                            clock=clock)
            self.counted(f"prune{' killed' if with_fire else ''}: {status}")
            for line in lines:
                if line.get("type") == "decision" and not line.get("keep"):
                    with self.lock:
                        self.removed.add(line["snapshot"])
            if status == 13:
                self.problem(f"prune cries damage: {error[-400:]}")
            elif status not in (0, NO_SPACE, 1, 11) and not with_fire:
                self.problem(f"prune ended with {status}: {error[-400:]}")

    def age_claims(self):
        """What happens to the claims of those who sleep for a day, while the store's clock goes on."""
        for path in glob.glob(f"{self.store}/claims/*"):
            try:
                os.utime(path, (time.time() - 25 * 3600,) * 2)
            except FileNotFoundError:
                continue
        self.counted("claims aged by a day")

    def fill(self, end):
        """The disk fills up for some seconds, again and again."""
        while time.time() < end:
            time.sleep(self.random.uniform(8, 20))
            try:
                with open(f"{self.disk}/ballast", "wb") as file:
                    block = bytes(1 << 20)
                    while time.time() < end:
                        file.write(block)
            except OSError:
                self.counted("disk filled")
            time.sleep(self.random.uniform(2, 6))
            try:
                os.unlink(f"{self.disk}/ballast")
            except OSError:
                pass

    def judge(self):
        calm = self.hosts[0]
        status, _, error = self.run(calm, "prune", "--json")
        if status != 0:
            self.problem(f"the last prune ended with {status}: {error[-600:]}")
        status, _, error = self.run(calm, "verify", "--read-data", "--json")
        if status != 0:
            self.problem(f"verify --read-data ended with {status}: {error[-600:]}")
        status, lines, error = self.run(calm, "list", "--json")
        if status != 0:
            self.problem(f"list ended with {status}: {error[-600:]}")
        snapshots = [line for line in lines if line.get("type") == "snapshot"]
        listed = {line["id"] for line in snapshots}
        for snapshot, origin in self.committed.items():
            if snapshot not in listed and snapshot not in self.removed:
                self.problem(f"snapshot {snapshot[:8]} of {origin} is gone, and no prune named it")
        self.count["snapshots listed"] = len(listed)
        for line in snapshots:
            self.compare(calm, line)

    def compare(self, host, line):
        target = f"{self.place}/restored"
        status, _, error = self.run(host, "restore", line["id"], "--target", target, "--quiet")
        if status != 0:
            self.problem(f"restore of {line['id'][:8]} ended with {status}: {error[-400:]}")
        else:
            key = self.committed.get(line["id"])
            path = line.get("path") or line.get("volume", "").split(":", 1)[-1]
            if key is None:
                name = line.get("host") or line.get("volume", "").split(":", 1)[0]
                try:
                    with open(f"{target}/GENERATION") as file:
                        key = (name, path, int(file.read()))
                except FileNotFoundError:
                    key = next((k for k in self.expected if k[0] == name and k[1] == path), None)
                self.counted("snapshots of backups that did not end with 0")
            if self.expected.get(key) != describe(target):
                self.problem(f"snapshot {line['id'][:8]} of {key} differs from its source")
            else:
                self.counted("restored and compared equal")
        shutil.rmtree(target, ignore_errors=True)

    def go(self):
        status, _, error = self.run(self.hosts[0], "init")
        if status != 0:
            raise SystemExit(f"init ended with {status}: {error}")
        end = time.time() + self.arguments.minutes * 60
        workers = [threading.Thread(target=self.live, args=(host, end)) for host in self.hosts]
        if self.arguments.source:
            workers.append(threading.Thread(target=self.sources, args=(self.hosts[0], end)))
        workers += [threading.Thread(target=self.prune, args=(end,)), threading.Thread(target=self.fill, args=(end,))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if os.path.exists(f"{self.disk}/ballast"):
            os.unlink(f"{self.disk}/ballast")
        self.judge()

    def close(self):
        subprocess.run(["umount", self.disk], check=False)
        if not self.arguments.keep and not self.problems:
            shutil.rmtree(self.place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--source", action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disk", type=int, default=3 << 30)
    parser.add_argument("--keep")
    parser.add_argument("--report")
    rig = Rig(parser.parse_args())
    try:
        rig.go()
    finally:
        rig.close()
        record = {"counts": dict(sorted(rig.count.items())), "problems": rig.problems}
        print(json.dumps(record, indent=1))
        if rig.arguments.report:
            with open(rig.arguments.report, "w") as file:
                json.dump(record, file, indent=1)
    sys.exit(1 if rig.problems else 0)


if __name__ == "__main__":
    main()
