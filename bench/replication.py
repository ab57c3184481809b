"""Measures snapferry beside the tools that replicate native snapshots; run.py calls it.

In every round each contender in turn backs the same volumes up into a new store: first, then
with nothing changed, then with a little changed, the last two several times.
"""

import os
import time

import btrfs_scene
import measure
import replication_report
import zfs_scene

SCENES = {"replication": btrfs_scene.BtrfsScene, "zfs": zfs_scene.ZfsScene}


class Replication:
    """The races of one scene."""

    def __init__(self, part, options, say):
        self.part = part
        self.options = options
        self.say = say
        self.file = os.path.join(options.directory, f"replication-{part}.json")
        self.results = replication_report.Results()
        self.scene = None

    def run_all(self):
        began = time.monotonic()
        if self.options.go_on and os.path.exists(self.file):
            self.results.load(self.file)
        before = self.results.minutes

        def keep():
            self.results.minutes = before + (time.monotonic() - began) / 60
            self.results.save(self.file)

        log = os.path.join(self.options.directory, f"replication-{self.part}.log")
        self.scene = SCENES[self.part](self.options, log)
        try:
            self.scene.open()
            self.results.describe(self.scene, self.options)
            for number in range(1, self.options.rounds + 1):
                self.run_round(number, keep)
                self.report()
                self.say(f"round {number} is in {self.options.replication_output}")
        finally:
            self.scene.close()

    def report(self):
        """Of all scenes that --dir has results of."""
        found = []
        for part in SCENES:
            file = os.path.join(self.options.directory, f"replication-{part}.json")
            if os.path.exists(file):
                found.append(replication_report.Results())
                found[-1].load(file)
        with open(self.options.replication_output, "w", encoding="utf-8") as page:
            page.write(replication_report.render(found))

    def run_round(self, number, keep):
        """The contenders begin in another order in each round. Calls `keep` after each."""
        for race in self.scene.races():
            if self.options.races and f"{race.volumes}-{race.transport}" not in self.options.races:
                continue
            chosen = [one for one in race.contenders
                      if (one.every_round or number <= self.options.slow_rounds)
                      and (not self.options.tools or one.name in self.options.tools)]
            shift = (number - 1) % len(chosen) if chosen else 0
            for contender in chosen[shift:] + chosen[:shift]:
                if self.results.is_done(number, race, contender):
                    continue
                self.results.meet(race, contender)
                self.say(f"round {number} of {self.options.rounds}: {self.title(race)}, "
                         f"{contender.name}")
                try:
                    self.run_contender(race, contender)
                    self.results.finish(number, race, contender)
                except measure.Failed as error:
                    self.say(f"{self.title(race)} {contender.name} failed: {error}")
                    self.results.fail(race, contender)
                keep()

    def title(self, race):
        return f"{self.scene.name} {race.volumes} {race.transport}"

    def run_contender(self, race, contender):
        self.scene.make_source(race.volumes)
        self.scene.make_store()
        self.scene.machine.shell(contender.set_up)
        contender.prepare()
        backups, changes = 0, 0
        for step in race.steps:
            for _ in range(1 if step == "first" else contender.repeats):
                if step == "changed":
                    changes += 1
                    self.scene.change(race.volumes, changes)
                backups += 1
                sample = self.run_step(contender, backups)
                self.results.add(race, step, contender, sample)
                self.say(f"{self.title(race):16} {contender.name:14} {step:10}"
                         f"{sample.seconds:9.3f} s {sample.near:5d} + {sample.far} processes")
        self.scene.check(race.volumes, contender, 1 + changes)

    def run_step(self, contender, backups):
        self.scene.machine.shell(contender.before(backups))
        self.scene.settle()
        return self.scene.machine.measure(contender.command(backups))
