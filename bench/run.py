#!/usr/bin/env python3
"""Measures snapferry beside other tools; `./dev bench` builds and calls it.

Beside restic, borg and rsync (tree), btrbk (replication), and simplesnap and syncoid (zfs). Of
the last two is replication.py; both need root. Of trees: in every round each tool in turn makes
a repository and goes through the steps below on the same data, which is in the page cache, as
far as memory allows, before each step. The repository, the caches and the restored files lie on
the disk of the data.
"""

import argparse
import dataclasses
import json
import os
import re
import shutil
import signal
import sys
import time

import measure
import replication
import report
import tools

PARTS = ("tree", "replication", "zfs")

# A file written in the last two seconds before a backup counts as changed in the next one,
# because clocks of filesystems are coarse: what is measured must not depend on that.
SETTLE_SECONDS = 3

# So long ext4 passes by an inode that was freed (fs/ext4/ialloc.c, recently_deleted), which it
# has to look for each time: a restore after the removal of another took four times as long.
FREED_SECONDS = 360

# What a data set is made with; a change of the generator's output needs a new one.
GENERATOR_VERSION = 1

# Per data set: the steps in order, each with the change of the data before it and what
# is brought into the page cache. `churn` is not reported: it makes the backup that gives
# prune something to free.
STEPS = {
    "many": [("first", None, "source"), ("unchanged", None, "walk"), ("churn", "churn", None),
             ("changed", "change", "walk"), ("list", None, None), ("find", None, None),
             ("verify", None, "repository"), ("restore", None, "repository"),
             ("prune", None, None)],
    "big": [("first", None, "source"), ("unchanged", None, "source"),
            ("changed", "change", "source"), ("verify", None, "repository"),
            ("restore", None, "repository")],
}
BACKUPS = ("first", "unchanged", "churn", "changed")


@dataclasses.dataclass
class Pass:
    """One tool on one data set in one round."""
    data: str
    tool: tools.Tool
    place: tools.Place
    backups: int = 0


class Bench:
    def __init__(self, options, say):
        self.options = options
        self.say = say
        self.meter = measure.Meter(self.program("bench_measure"), options.directory, options.limit)
        self.results = report.Results()
        self.began = time.monotonic()
        self.removed = -FREED_SECONDS  # when many files were

    # The programs beside this one.

    def generate(self, data, action):
        self.meter.run([self.program("bench_generate"), data, action, self.source(data),
                        str(self.options.seed), str(self.options.scale)])

    def limits(self, case, path):
        """What the program found, and its sample."""
        output = os.path.join(self.options.directory, "limits.json")
        sample = self.meter.run([self.program("bench_limits"), case, path], output=output)
        return json.loads(read_text(output)), sample

    def program(self, name):
        return os.path.join(self.options.programs, name)

    def source(self, data):
        return os.path.join(self.options.directory, "data", data)

    # The data.

    def prepare_data(self, data):
        stamp = self.source(data) + ".stamp"
        wanted = f"{GENERATOR_VERSION} {self.options.seed} {self.options.scale}"
        if os.path.exists(stamp) and read_text(stamp) == wanted:
            self.generate(data, "reset")
        else:
            self.say(f"{data}: generating the data")
            remove_tree(self.source(data))
            os.makedirs(self.source(data))
            self.generate(data, "create")
            write_text(stamp, wanted)
        found, _ = self.limits("walk", self.source(data))
        self.results.data[data] = {key: found[key] for key in ("files", "bytes", "entries")}
        self.say(f"{data}: {found['files']} files, {found['bytes'] / 1e9:.2f} GB")

    def remove_work(self):
        """What the tools have made, with many files."""
        work = os.path.join(self.options.directory, "work")
        if os.path.exists(work):
            remove_tree(work)
            self.removed = time.monotonic()

    def wait_for_freed_inodes(self):
        if self.options.scale < 1:
            return
        left = self.removed + FREED_SECONDS - time.monotonic()
        if left > 0:
            self.say(f"waiting {left:.0f} s, because many files were removed")
            time.sleep(left)

    def place(self, data, tool):
        root = os.path.join(self.options.directory, "work", data, tool.name.replace(" ", "-"))
        os.makedirs(root)
        directory, name = sample_of(self.source(data))
        return tools.Place(root, self.source(data), directory, name)

    def warm(self, what, place):
        """Brings into the page cache what a step reads, and writes out what others left."""
        if what == "source":
            self.limits("read", place.source)
        elif what == "walk":
            self.limits("walk", place.source)
        elif what == "repository":
            self.limits("read", place.repository)
        os.sync()

    # Measuring.

    def measure_limits(self, data):
        cases = {"walk": self.source(data), "read": self.source(data),
                 "squeeze": self.source(data)}
        if data == "big":
            cases["hash"] = os.path.join(self.source(data), "disk.img")
        self.limits("read", self.source(data))
        for case, path in cases.items():
            found, sample = self.limits(case, path)
            self.results.add(data, case, "limit", sample)
            if case == "squeeze":
                self.results.add_size(data, "first", "limit", found["stored"])
            self.say(f"{data:5} {'limit':12} {case:10} {describe(sample)}")

    def commands(self, current, step):
        if step in BACKUPS:
            current.backups += 1
            write_text(os.path.join(current.place.root, "backups"), str(current.backups))
            return current.tool.backup(current.place, current.backups)
        return {"list": current.tool.list_directory, "find": current.tool.find,
                "verify": current.tool.verify, "restore": current.tool.restore,
                "prune": current.tool.prune}[step](current.place)

    def run_step(self, current, step, change, warm):
        """Measures a step and checks what it left; failures are results too."""
        if change:
            self.generate(current.data, change)
        wanted = step in BACKUPS or not self.options.cases or step in self.options.cases
        commands = self.commands(current, step) if wanted else None
        if commands is None:
            return
        self.warm(warm, current.place)
        sample = self.meter.run_all(commands, current.tool.environment(current.place))
        if step == "restore":
            self.check_restored(current)
        if step != "churn":
            self.results.add(current.data, step, current.tool.name, sample)
        if step in ("first", "changed", "prune"):
            size = measure.tree_size(current.place.repository)
            self.results.add_size(current.data, step, current.tool.name, size)
        self.say(f"{current.data:5} {current.tool.name:12} {step:10} {describe(sample)}")

    def check_restored(self, current):
        found, _ = self.limits("walk", current.place.target)
        source, _ = self.limits("walk", current.place.source)
        if (found["files"], found["bytes"]) != (source["files"], source["bytes"]):
            raise measure.Failed(f"restored {found['files']} files of {found['bytes']} bytes")

    def run_tool(self, data, tool):
        self.generate(data, "reset")
        measure.wait_for_idle_disk(self.options.directory)
        time.sleep(SETTLE_SECONDS)
        current = Pass(data, tool, self.place(data, tool))
        steps = STEPS[data]
        try:
            self.meter.run_all(tool.init(current.place), tool.environment(current.place))
        except measure.Failed as error:
            self.fail(current, [step for step, _, _ in steps], error)
            steps = []
        for step, change, warm in steps:
            try:
                self.run_step(current, step, change, warm)
            except measure.Failed as error:
                self.fail(current, [step], error)
        # For want of room; of many files only at the end.
        if data == "big":
            remove_tree(current.place.root)

    def fail(self, current, steps, error):
        self.say(f"{current.data:5} {current.tool.name:12} {steps[0]:10} failed: {error}")
        for step in steps:
            self.results.fail(current.data, step, current.tool.name)

    def run_round(self, number, chosen):
        """The tools begin in another order in each round."""
        for data in self.options.data:
            if data == "many":
                self.wait_for_freed_inodes()
            measure.wait_for_idle_disk(self.options.directory)
            self.measure_limits(data)
            shift = (number - 1) % len(chosen)
            for tool in chosen[shift:] + chosen[:shift]:
                if tool.every_round or number <= self.options.slow_rounds:
                    self.say(f"round {number} of {self.options.rounds}: {data}, {tool.name}")
                    self.run_tool(data, tool)
            self.remove_work()

    def run_all(self):
        chosen = [tool for tool in tools.all_tools(self.options.snapferry)
                  if not self.options.tools or tool.name in self.options.tools]
        self.results.describe(chosen, self.options)
        self.remove_work()  # of a run that was ended
        for data in self.options.data:
            self.prepare_data(data)
        samples = os.path.join(self.options.directory, "samples.json")
        if self.options.go_on:
            self.results.load(samples)
        before = self.results.minutes
        for number in range(self.results.rounds + 1, self.options.rounds + 1):
            self.run_round(number, chosen)
            self.results.rounds = number
            self.results.minutes = before + (time.monotonic() - self.began) / 60
            self.results.save(samples)
            write_text(self.options.output, report.render(self.results))
            self.say(f"round {number} is in {self.options.output}")


class Talk:
    """Says what is going on, and when."""

    def __init__(self):
        self.began = time.monotonic()

    def say(self, text):
        passed = int(time.monotonic() - self.began)
        print(f"[{passed // 60:3d}:{passed % 60:02d}] {text}", flush=True)


def describe(sample):
    return f"{sample.seconds:9.2f} s {sample.peak_mb:7.0f} MB"


def sample_of(source):
    """A directory with files in the middle of the data set, and one of its files."""
    found = sorted(path for path, _, names in os.walk(source) if names)
    directory = found[len(found) // 2]
    name = sorted(entry.name for entry in os.scandir(directory) if entry.is_file())[0]
    return os.path.relpath(directory, source), name


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_text(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)


def names(text):
    return [name for name in re.split(r",\s*", text) if name]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    add = parser.add_argument
    add("--only", type=names, default=list(PARTS), metavar="PARTS",
        help="tree, replication (btrfs), zfs (in a virtual machine); default all of them")
    add("--rounds", type=int, default=3)
    add("--continue", dest="go_on", action="store_true",
        help="add the rounds that are missing to those that --dir has from before")
    add("--slow-rounds", type=int, default=1,
        help="rounds in which the slower settings of the peers take part (default %(default)s)")
    add("--data", type=names, default=["many", "big"], help="many, big, or both (default)")
    add("--cases", type=names, default=[],
        help="only these besides the backups: list,find,verify,restore,prune")
    add("--races", type=names, default=[],
        help="of replication only these: many-local, many-ssh, one-local, one-ssh")
    add("--tools", type=names, default=[], help="only these, by the names in the table")
    add("--scale", type=float, default=1, help="size of the data; below 1 for a trial")
    add("--seed", type=int, default=1)
    add("--dir", dest="directory", default="build-bench", help="where data and repositories lie")
    add("--limit", type=float, default=3600, help="seconds that one command may take")
    add("--output", help="default bench/RESULTS.md, or DIR/RESULTS.md of a partial run")
    add("--snapferry", required=True, help=argparse.SUPPRESS)
    add("--programs", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for part in options.only:
        if part not in PARTS:
            parser.error(f"--only: '{part}' is none of {', '.join(PARTS)}")
    if options.only != ["tree"] and os.geteuid() != 0:
        parser.error("only root can measure replication; become root, or give --only tree")
    options.directory = os.path.abspath(options.directory)
    options.partial = bool(options.scale != 1 or options.tools or options.cases or options.races
                           or set(options.data) != set(STEPS))
    if not options.output:
        place = options.directory if options.partial else os.path.dirname(__file__)
        options.output = os.path.join(place, "RESULTS.md")
    options.replication_output = os.path.join(os.path.dirname(options.output), "REPLICATION.md")
    return options


def main():
    options = parse(sys.argv[1:])
    os.makedirs(options.directory, exist_ok=True)
    # So that mounts and guests are given back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = Talk().say
    for part in options.only:
        if part == "tree":
            Bench(options, say).run_all()
        else:
            replication.Replication(part, options, say).run_all()


if __name__ == "__main__":
    main()
