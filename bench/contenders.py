"""What is measured against one another, and the steps that each goes through."""

import dataclasses
import typing


@dataclasses.dataclass
class Contender:
    """One tool, set up in one way. `first` makes its first backup of the volumes."""
    name: str
    description: str
    # Its command line for a step; NUMBER counts the backups from 1.
    command: typing.Callable[[int], list]
    set_up: str = ""     # a script, before the first backup
    prepare: typing.Callable[[], None] = lambda: None  # after it
    # A script before each measured command, for what a bare pipe must have done by others.
    before: typing.Callable[[int], str] = lambda number: ""
    # How often each step but the first is measured in a round.
    repeats: int = 3
    every_round: bool = True
    is_limit: bool = False  # no backup tool, but what the system itself allows


@dataclasses.dataclass
class Race:
    """Contenders on the same volumes over the same transport."""
    volumes: str            # "many" or "one"
    transport: str          # "local" or "ssh"
    contenders: list

    @property
    def steps(self):
        return ("first", "unchanged", "changed") if self.volumes == "many" else ("first", "changed")
