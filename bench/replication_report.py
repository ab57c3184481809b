"""The page that shows how fast native snapshots are replicated."""

import dataclasses
import datetime
import json
import statistics

import measure
import report

STEPS = {"first": "first backup", "unchanged": "nothing changed", "changed": "a little changed"}
VOLUMES = {"many": "many volumes", "one": "one big volume"}
TRANSPORTS = {"local": "on one machine", "ssh": "over ssh"}
SPEED_AIMS = {"unchanged": 50, "changed": 5}  # times the speed of the fastest peer
MOST_PROCESSES = 3                            # per host and run, with nothing changed
SSHD_PROCESSES = 3                            # that sshd itself takes for one connection
PIPE_SHARE = 0.95                             # of the speed of the bare pipe


class Results:
    """Of one scene. A case is (volumes, transport, step)."""

    def __init__(self):
        self.samples = {}     # (*case, contender) -> samples
        self.failures = []    # [volumes, transport, contender]
        self.contenders = {}  # name -> [is a limit, description by transport]
        self.done = []        # [round, volumes, transport, contender]
        self.minutes = 0
        self.about = {}

    def describe(self, scene, options):
        self.about = {"name": scene.name, "title": scene.title, "lines": scene.describe(),
                      "versions": scene.versions(), "date": str(datetime.date.today()),
                      "scale": options.scale, "machine": report.machine_lines(options.directory)}

    def meet(self, race, contender):
        """Before it is measured, maybe once more after a failure."""
        self.failures = [one for one in self.failures
                         if one != [race.volumes, race.transport, contender.name]]
        known = self.contenders.setdefault(contender.name, [contender.is_limit, {}])
        known[1][race.transport] = contender.description

    def add(self, race, step, contender, sample):
        key = (race.volumes, race.transport, step, contender.name)
        self.samples.setdefault(key, []).append(sample)

    def fail(self, race, contender):
        self.failures.append([race.volumes, race.transport, contender.name])

    def finish(self, number, race, contender):
        self.done.append([number, race.volumes, race.transport, contender.name])

    def is_done(self, number, race, contender):
        return [number, race.volumes, race.transport, contender.name] in self.done

    @property
    def rounds(self):
        return max((number for number, *_ in self.done), default=0)

    def save(self, path):
        kept = {**vars(self), "samples": [[*key, [dataclasses.astuple(one) for one in samples]]
                                          for key, samples in self.samples.items()]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(kept, file)

    def load(self, path):
        with open(path, encoding="utf-8") as file:
            vars(self).update(json.load(file))
        self.samples = {tuple(key): [measure.Sample(*one) for one in samples]
                        for *key, samples in self.samples}

    def cases(self):
        """In the order of the page."""
        measured = {key[:3] for key in self.samples}
        return [(volumes, transport, step) for volumes in VOLUMES for transport in TRANSPORTS
                for step in STEPS if (volumes, transport, step) in measured]

    def seconds(self, case, contender):
        samples = self.samples.get((*case, contender))
        return statistics.median(one.seconds for one in samples) if samples else None

    def processes(self, case, contender):
        """The most that a run started, at the near end and at the far end; or None."""
        samples = self.samples.get((*case, contender))
        if not samples:
            return None
        return max(one.near for one in samples), max(one.far for one in samples)

    def names(self):
        """Of the contenders, in the order of the page, whichever was measured first."""
        return sorted(self.contenders, key=lambda name: name != "snapferry")

    def peers(self):
        return [name for name, (is_limit, _) in self.contenders.items()
                if not is_limit and name != "snapferry"]

    def fastest_peer(self, case):
        found = [self.seconds(case, name) for name in self.peers()]
        return min((one for one in found if one is not None), default=None)

    def is_failed(self, case, contender):
        return [*case[:2], contender] in self.failures


def title_of(case):
    volumes, transport, step = case
    return f"{VOLUMES[volumes]}, {TRANSPORTS[transport]}: {STEPS[step]}"


def seconds_cell(results, case, name):
    if results.is_failed(case, name):
        return "failed"
    seconds = results.seconds(case, name)
    if seconds is None:
        return "–"
    own = results.seconds(case, "snapferry")
    ratio = f" ({report.number(seconds / own)}×)" if own and name != "snapferry" else ""
    return report.number(seconds) + ratio


def processes_cell(results, case, name):
    found = results.processes(case, name)
    if found is None:
        return "–"
    return f"{found[0]} + {found[1]}" if case[1] == "ssh" else str(found[0])


def case_table(results, corner, cell):
    names = results.names()
    rows = [[title_of(case), *[cell(results, case, name) for name in names]]
            for case in results.cases()]
    return report.table([corner, *names], rows)


def aims_of(results, case):
    own = results.seconds(case, "snapferry")
    if own is None:
        return []
    rows = []
    name = f"{results.about['name']}, {title_of(case)}"
    volumes, _, step = case
    if volumes == "many" and step in SPEED_AIMS:
        factor = SPEED_AIMS[step]
        rows.append(report.aim(f"{name}, at least {factor} × the speed of the fastest peer",
                               report.ratio(results.fastest_peer(case), own), factor, True))
    if step == "unchanged":
        near, far = results.processes(case, "snapferry")
        rows.append(report.aim(f"{name}, at most {MOST_PROCESSES} processes per host",
                               max(near, far - SSHD_PROCESSES), MOST_PROCESSES, False))
    if volumes == "one":
        for limit in (name for name, (is_limit, _) in results.contenders.items() if is_limit):
            rows.append(report.aim(f"{name}, at least {PIPE_SHARE} of the speed of the {limit}",
                                   report.ratio(results.seconds(case, limit), own), PIPE_SHARE,
                                   True))
    return rows


INTRODUCTION = """# Benchmark of replication

Written by `./dev bench`; bench/README.md says what is measured and how. Times are medians in
seconds of wall time; in brackets how many times as long as snapferry it took. Processes are those
that a run started, without the program itself: at the end that runs it, and behind a plus those
that sshd and its children started at the other, three of them for each connection.
"""


def scene_part(results):
    about = results.about
    descriptions = []
    for name in results.names():
        for text in dict.fromkeys(results.contenders[name][1].values()):
            descriptions.append(f"- **{name}**: {text}")
    return [f"## {about['title']}", "", *about["machine"], *about["lines"],
            "- " + "; ".join(about["versions"]),
            f"- {about['date']}, scale {about['scale']:g}, {results.rounds} rounds, "
            f"{results.minutes:.0f} minutes", "", *descriptions, "",
            case_table(results, "seconds", seconds_cell),
            case_table(results, "processes", processes_cell)]


def render(scenes):
    parts = [INTRODUCTION]
    for results in scenes:
        parts += scene_part(results)
    rows = [row for results in scenes for case in results.cases() for row in aims_of(results, case)]
    parts += ["## Aims", "", report.table(["aim", "measured", ""], rows)]
    return "\n".join(parts)
