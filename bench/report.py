"""The results of a benchmark, and the page that shows them."""

import datetime
import json
import os
import platform
import statistics
import subprocess

import measure

CASES = {
    "many": [("first", "first backup", "squeeze"), ("unchanged", "nothing changed", "walk"),
             ("changed", "100 files changed", "walk"), ("list", "list a directory", None),
             ("find", "find a file", None), ("verify", "verify, all data read", None),
             ("restore", "restore all", None), ("prune", "prune half of the snapshots", None)],
    "big": [("first", "first backup", "squeeze"), ("unchanged", "nothing changed", "walk"),
            ("changed", "4 KiB changed in the 4 GB file", "hash"),
            ("verify", "verify, all data read", None), ("restore", "restore all", None)],
}
LIMITS = [("walk", "walk with statx"), ("read", "walk and read all"),
          ("squeeze", "walk, read, HMAC-SHA-256 and zstd 3"),
          ("hash", "read and HMAC-SHA-256 of the 4 GB file")]
SIZES = [("first", "after the first backup"), ("changed", "after all backups"),
         ("prune", "after prune")]
TITLES = {"many": "Many small files", "big": "Big files"}


class Results:
    def __init__(self):
        self.data = {}      # data set -> files, bytes
        self.samples = {}   # (data set, case, tool) -> samples
        self.sizes = {}     # (data set, step, tool) -> bytes
        self.failures = set()
        self.rounds = 0
        self.minutes = 0
        self.tools = []
        self.versions = []
        self.options = None

    def save(self, path):
        """Keeps what was measured, so that later rounds can be added to it."""
        kept = {"rounds": self.rounds, "minutes": self.minutes,
                "samples": [[*key, [[sample.seconds, sample.peak_mb] for sample in samples]]
                            for key, samples in self.samples.items()],
                "sizes": [[*key, sizes] for key, sizes in self.sizes.items()],
                "failures": sorted(self.failures)}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(kept, file)

    def load(self, path):
        with open(path, encoding="utf-8") as file:
            kept = json.load(file)
        self.rounds, self.minutes = kept["rounds"], kept["minutes"]
        self.samples = {tuple(key): [measure.Sample(*sample) for sample in samples]
                        for *key, samples in kept["samples"]}
        self.sizes = {tuple(key): sizes for *key, sizes in kept["sizes"]}
        self.failures = {tuple(key) for key in kept["failures"]}

    def describe(self, tools, options):
        self.tools = tools
        self.options = options
        self.versions = sorted({tool.version() for tool in tools})

    def add(self, data, case, tool, sample):
        self.samples.setdefault((data, case, tool), []).append(sample)

    def add_size(self, data, step, tool, size):
        self.sizes.setdefault((data, step, tool), []).append(size)

    def fail(self, data, case, tool):
        self.failures.add((data, case, tool))

    def seconds(self, data, case, tool):
        """The median, or None."""
        samples = self.samples.get((data, case, tool))
        return statistics.median(sample.seconds for sample in samples) if samples else None

    def peak_mb(self, data, case, tool):
        samples = self.samples.get((data, case, tool))
        return max(sample.peak_mb for sample in samples) if samples else None

    def size(self, data, step, tool):
        sizes = self.sizes.get((data, step, tool))
        return statistics.median(sizes) if sizes else None

    def peers(self, compressing):
        return [tool.name for tool in self.tools if tool.encrypts and tool.name != "snapferry"
                and (tool.compresses or not compressing)]

    def fastest_peer(self, data, case, compressing):
        """The fewest seconds of a peer that encrypts, or None."""
        found = [self.seconds(data, case, name) for name in self.peers(compressing)]
        return min((seconds for seconds in found if seconds is not None), default=None)

    def smallest_peer(self, data, step):
        found = [self.size(data, step, name) for name in self.peers(compressing=True)]
        return min((size for size in found if size is not None), default=None)


def number(value):
    """Three digits that count."""
    if value < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def seconds_cell(results, data, case, tool):
    if (data, case, tool) in results.failures:
        return "failed"
    seconds = results.seconds(data, case, tool)
    if seconds is None:
        return "–"
    own = results.seconds(data, case, "snapferry")
    ratio = f" ({number(seconds / own)}×)" if own and tool != "snapferry" else ""
    return number(seconds) + ratio


def times_table(results, data):
    rows = []
    for case, title, limit in CASES[data]:
        cells = [seconds_cell(results, data, case, tool.name) for tool in results.tools]
        bound = results.seconds(data, limit, "limit") if limit else None
        rows.append([title, *cells, f"{number(bound)} ({limit})" if bound else "–"])
    return table(["seconds", *[tool.name for tool in results.tools], "limit"], rows)


def memory_table(results, data):
    rows = []
    for case, title, _ in CASES[data]:
        peaks = [results.peak_mb(data, case, tool.name) for tool in results.tools]
        rows.append([title, *["–" if peak is None else f"{peak:.0f}" for peak in peaks]])
    return table(["peak memory, MB", *[tool.name for tool in results.tools]], rows)


def sizes_table(results, data):
    rows = []
    for step, title in SIZES:
        sizes = [results.size(data, step, tool.name) for tool in results.tools]
        bound = results.size(data, step, "limit")
        if any(size is not None for size in sizes):
            rows.append([title, *["–" if size is None else f"{size / 1e6:.0f}" for size in sizes],
                         f"{bound / 1e6:.0f}" if bound else "–"])
    return table(["repository, MB", *[tool.name for tool in results.tools], "zstd 3 alone"], rows)


def limits_table(results):
    sets = list(results.data)
    rows = []
    for case, title in LIMITS:
        seconds = [results.seconds(data, case, "limit") for data in sets]
        if any(value is not None for value in seconds):
            rows.append([title, *["–" if value is None else number(value) for value in seconds]])
    return table(["limit, seconds", *[TITLES[data].lower() for data in sets]], rows)


def aim(title, value, bound, at_least):
    """A row of the table of aims; value and bound are ratios or numbers."""
    if value is None:
        return [title, "–", "not measured"]
    met = value >= bound if at_least else value <= bound
    return [title, number(value), "met" if met else "missed"]


def ratio(above, below):
    return above / below if above is not None and below else None


def aims_of(results, data):
    name = TITLES[data].lower()
    own = lambda case: results.seconds(data, case, "snapferry")
    rows = []
    if data == "many":
        rows.append(aim(f"{name}: nothing changed, at most 1.5 × the bare walk",
                        ratio(own("unchanged"), results.seconds(data, "walk", "limit")), 1.5, False))
    rows.append(aim(f"{name}: first backup, at least 0.7 of the speed of hashing and compressing",
                    ratio(results.seconds(data, "squeeze", "limit"), own("first")), 0.7, True))
    for case, title, factor in (("first", "first backup", 3), ("restore", "restore", 2),
                                ("verify", "verify", 2)):
        for compressing, which in ((False, "with encryption"),
                                   (True, "with encryption and compression")):
            rows.append(aim(f"{name}: {title}, at least {factor} × the speed of the fastest peer "
                            + which,
                            ratio(results.fastest_peer(data, case, compressing), own(case)),
                            factor, True))
    peaks = [results.peak_mb(data, case, "snapferry") for case, _, _ in CASES[data]]
    rows.append(aim(f"{name}: memory, at most 150 MB at any time",
                    max((peak for peak in peaks if peak is not None), default=None), 150, False))
    rows.append(aim(f"{name}: size of the repository, at most 1.05 × the smallest peer's",
                    ratio(results.size(data, "first", "snapferry"),
                          results.smallest_peer(data, "first")), 1.05, False))
    return rows


def output_of(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def field(path, name):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
    return "unknown"


def machine_lines(directory):
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / 1e6
    filesystem = output_of("findmnt", "-n", "-o", "FSTYPE", "-T", directory)
    return [
        f"- {field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} processors, {memory:.0f} GB "
        f"of memory, {filesystem}",
        f"- {output_of('sh', '-c', '. /etc/os-release; echo $PRETTY_NAME')}, "
        f"Linux {platform.release()}",
    ]


def machine(results):
    return [
        *machine_lines(results.options.directory),
        "- " + "; ".join(results.versions),
        f"- {datetime.date.today()}, seed {results.options.seed}, scale {results.options.scale:g}, "
        f"{results.rounds} round{'' if results.rounds == 1 else 's'}, {results.minutes:.0f} minutes",
    ]


def settings(results):
    return [f"- **{tool.name}**: {tool.description}" +
            ("" if tool.every_round else f"; in {results.options.slow_rounds} round")
            for tool in results.tools]


INTRODUCTION = """# Benchmark

Written by `./dev bench`; bench/README.md says what is measured and how. Times are medians in
seconds of wall time; in brackets how many times as long as snapferry it took. Everything was in
the page cache as far as memory allows, with the repository on the same disk.
"""


def render(results):
    parts = [INTRODUCTION, *machine(results), "", *settings(results), ""]
    for data, found in results.data.items():
        parts += [f"## {TITLES[data]}: {found['files']:,} files, {found['bytes'] / 1e9:.1f} GB", "",
                  times_table(results, data), memory_table(results, data),
                  sizes_table(results, data)]
    parts += ["## What the machine allows, on all processors", "", limits_table(results)]
    rows = [row for data in results.data for row in aims_of(results, data)]
    parts += ["## Aims", "", table(["aim", "measured", ""], rows)]
    return "\n".join(parts)
