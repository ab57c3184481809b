"""The programs that are compared, each as the commands for the same steps.

A step is a list of commands, or None where the tool has no such thing. Passwords go
through the environment.
"""

import dataclasses
import os
import subprocess

PASSWORD = "benchmark"


@dataclasses.dataclass
class Place:
    """Where one tool works during one pass."""
    root: str    # everything of the tool lies below
    source: str  # the data set
    sample_directory: str  # a directory of it, relative
    sample_file: str       # the name of a file in it

    @property
    def repository(self):
        return os.path.join(self.root, "repository")

    @property
    def cache(self):
        return os.path.join(self.root, "cache")

    @property
    def target(self):
        return os.path.join(self.root, "restored")


class Tool:
    encrypts = True
    compresses = True
    # Measured in every round, or only in the first ones (--slow-rounds).
    every_round = False

    def __init__(self, name, description):
        self.name = name
        self.description = description

    def version(self):
        return first_line(["true"])

    def environment(self, place):
        return {}

    def init(self, place):
        return []

    def backup(self, place, number):
        """The backup `number` of the source, from 1."""
        raise NotImplementedError

    def restore(self, place):
        raise NotImplementedError

    def verify(self, place):
        raise NotImplementedError

    def prune(self, place):
        """Removes all but the two newest of four backups, and frees their space."""
        return None

    def list_directory(self, place):
        return None

    def find(self, place):
        return None


def first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return "not there"
    return " ".join((done.stdout.splitlines() or ["unknown version"])[0].split())


class Snapferry(Tool):
    every_round = True

    def __init__(self, program):
        super().__init__("snapferry", "as it comes")
        self.program = program

    def version(self):
        return first_line([self.program, "version"])

    def environment(self, place):
        return {"SNAPFERRY_STORE": "repo:" + place.repository, "SNAPFERRY_PASSWORD": PASSWORD,
                "XDG_CACHE_HOME": place.cache}

    def init(self, place):
        return [[self.program, "init"]]

    def backup(self, place, number):
        return [[self.program, "backup", "--quiet", place.source]]

    def restore(self, place):
        return [[self.program, "restore", "--quiet", "latest", "--target", place.target]]

    def verify(self, place):
        return [[self.program, "verify", "--quiet", "--read-data"]]

    def prune(self, place):
        return [[self.program, "prune", "--quiet", "--keep-last", "2"]]

    def list_directory(self, place):
        return [[self.program, "ls", "latest", place.sample_directory]]

    def find(self, place):
        return [[self.program, "find", place.sample_file]]


class Restic(Tool):
    def __init__(self, name, description, options=(), compresses=True, every_round=False):
        super().__init__(name, description)
        self.every_round = every_round
        self.options = list(options)
        self.compresses = compresses

    def version(self):
        return first_line(["restic", "version"])

    def environment(self, place):
        return {"RESTIC_REPOSITORY": place.repository, "RESTIC_PASSWORD": PASSWORD,
                "RESTIC_CACHE_DIR": place.cache}

    def restic(self, *arguments):
        return [["restic", "--quiet", *self.options, *arguments]]

    def init(self, place):
        return self.restic("init")

    def backup(self, place, number):
        return self.restic("backup", place.source)

    def restore(self, place):
        return self.restic("restore", "latest", "--target", place.target)

    def verify(self, place):
        return self.restic("check", "--read-data")

    def prune(self, place):
        return self.restic("forget", "--keep-last", "2", "--prune")

    def list_directory(self, place):
        return self.restic("ls", "latest", os.path.join(place.source, place.sample_directory))

    def find(self, place):
        return self.restic("find", place.sample_file)


class Borg(Tool):
    def __init__(self, name, description, create_options=()):
        super().__init__(name, description)
        self.create_options = list(create_options)

    def version(self):
        return first_line(["borg", "--version"])

    def environment(self, place):
        return {"BORG_REPO": place.repository, "BORG_PASSPHRASE": PASSWORD,
                "BORG_BASE_DIR": place.cache}

    def init(self, place):
        return [["borg", "init", "--encryption", "repokey"]]

    def backup(self, place, number):
        return [["borg", "create", *self.create_options, f"::backup{number}", place.source]]

    def restore(self, place):
        # borg extracts into the current directory.
        return [["sh", "-c", 'mkdir "$1" && cd "$1" && exec borg extract "::$2"', "sh",
                 place.target, newest_archive(place)]]

    def verify(self, place):
        return [["borg", "check", "--verify-data"]]

    def prune(self, place):
        return [["borg", "prune", "--keep-last", "2"], ["borg", "compact"]]

    def list_directory(self, place):
        directory = os.path.join(place.source, place.sample_directory).lstrip("/")
        return [["borg", "list", "::" + newest_archive(place), directory]]

    def find(self, place):
        # In the newest backup alone; the others look into all.
        return [["borg", "list", "::" + newest_archive(place), f"sh:**/{place.sample_file}"]]


def newest_archive(place):
    """The steps number archives from 1; how many there are is noted beside the repository."""
    with open(os.path.join(place.root, "backups"), encoding="ascii") as file:
        return "backup" + file.read()


class Rsync(Tool):
    encrypts = False
    compresses = False

    def __init__(self, name, description, link_dest):
        super().__init__(name, description)
        self.link_dest = link_dest

    def version(self):
        return first_line(["rsync", "--version"])

    def copy(self, place, number):
        return os.path.join(place.repository, str(number) if self.link_dest else "copy")

    def newest_copy(self, place):
        return self.copy(place, newest_archive(place).removeprefix("backup"))

    def init(self, place):
        return [["mkdir", "-p", place.repository]]

    def backup(self, place, number):
        options = []
        if self.link_dest and number > 1:
            options = ["--link-dest=" + self.copy(place, number - 1)]
        return [["rsync", "-a", "--delete", *options, place.source + "/", self.copy(place, number)]]

    def restore(self, place):
        return [["rsync", "-a", self.newest_copy(place) + "/", place.target]]

    def verify(self, place):
        # It can only compare with the source, which the others need not have.
        return [["rsync", "-a", "--dry-run", "--checksum", place.source + "/",
                 self.newest_copy(place)]]

    def prune(self, place):
        if not self.link_dest:
            return None
        return [["rm", "-rf", self.copy(place, 1), self.copy(place, 2)]]

    def list_directory(self, place):
        return [["ls", "-la", os.path.join(self.newest_copy(place), place.sample_directory)]]

    def find(self, place):
        return [["find", place.repository, "-name", place.sample_file]]


def all_tools(snapferry):
    return [
        Snapferry(snapferry),
        Restic("restic", "defaults"),
        Restic("restic fast", "--compression off --pack-size 64",
               ["--compression", "off", "--pack-size", "64"], compresses=False,
               every_round=True),
        Borg("borg", "defaults (lz4)"),
        Borg("borg zstd", "--compression zstd,3", ["--compression", "zstd,3"]),
        Rsync("rsync", "rsync -a into the same copy; no encryption", link_dest=False),
        Rsync("rsync link", "rsync -a --link-dest; no encryption", link_dest=True),
    ]
