"""agent_hostile.py PROGRAM: what agent_hostile_test.sh has a stolen key of a source ask for."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import protocol_client as protocol
from protocol_client import Client, Ended, Failure, listed, optional, point, text

PROGRAM = sys.argv[1]
DATA, LEFT, SECRET, COPY = (f"zfs:source/{name}" for name in ("data", "data/left", "secret", "copy"))
FAILED = []


def agent(volume, set_name="main"):
    return Client([PROGRAM, "agent", "--allow", "source", "--set", set_name, "--volume", volume,
                   "--sandbox", "require"])


def check(condition, what):
    if not condition:
        FAILED.append(what)
        print("FAILED:", what)


def settlement(volume, cursor="snapferry_main_01234567", hold=None, bookmark_of=None, bookmark="",
               release=(), destroy=()):
    return (text(volume) + text(cursor) + optional(hold, point) + optional(bookmark_of, point) +
            text(bookmark) + listed(release, point) + listed(destroy, point))


def settled(client, *settlements):
    """What of it failed; a refusal of the whole counts as that."""
    try:
        answer = client.ask("source.settle", listed(settlements, lambda one: one))
    except Failure as failure:
        return [("", failure.message)]
    reader = protocol.Reader(answer)
    return reader.end(reader.listed(reader.failure))


def refused(what, call, *arguments, **more):
    """The request is refused, or ends the connection as one that breaks the protocol."""
    try:
        call(*arguments, **more)
        check(False, f"{what}: was done")
    except (Failure, Ended) as failure:
        print(f"refused: {what}: {failure}")


def refused_settlement(what, *settlements):
    client = agent(DATA)
    client.inventory([DATA])
    try:
        failures = settled(client, *settlements)
        check(len(failures) >= 1, f"{what}: was done")
        print(f"refused: {what}: {failures[:1]}")
    except Ended as end:
        print(f"refused: {what}: {end}")


def everything(volume):
    """What only somebody with another key could have told."""
    state = agent(volume).inventory([volume])[volume.encode()]
    return {each["name"].decode(): each for each in state["points"]}


mine = everything(DATA)
secret = everything(SECRET)
other = [each for name, each in mine.items() if "other" in name]
ours = [each for name, each in mine.items() if "main" in name and each["kind"] == protocol.SNAPSHOT]
check(other != [] and ours != [], f"both sets have snapshots: {sorted(mine)}")
by_hand, autosnap = mine["by-hand"], mine["autosnap"]

# Destroying.
for name, each in sorted(mine.items()):
    if each in ours:
        continue
    refused_settlement(f"destroy {name}", settlement(DATA, destroy=[each]))
refused_settlement("destroy what another dataset has", settlement(SECRET, destroy=[secret["autosnap"]]))
refused_settlement("destroy another's under this name",
                   settlement(DATA, destroy=[secret["autosnap"]]))
for name in (f"{ours[0]['name'].decode()},autosnap", f"{ours[0]['name'].decode()}%autosnap", "%", "autosnap%",
             f"{ours[0]['name'].decode()}@autosnap", "../secret@autosnap", "", "-r", "#by-hand"):
    refused_settlement(f"destroy a range, {name!r}",
                       settlement(DATA, destroy=[dict(ours[0], name=name)]))
refused_settlement("a name of ours with the guid of another",
                   settlement(DATA, destroy=[dict(ours[0], guid=autosnap["guid"])]))
refused_settlement("another's name with a guid of ours",
                   settlement(DATA, destroy=[dict(autosnap, guid=ours[0]["guid"])]))
for volume in ("zfs:source", "zfs:source/data@autosnap", "zfs:source/data#by-hand", "zfs:-r", "zfs:",
               "zfs:source/data/../secret", "zfs:source/data/", "btrfs:/source/data", "zfs:source/copy"):
    refused_settlement(f"destroy at {volume}", settlement(volume, destroy=[ours[0]]))

# Releasing, holding, bookmarks.
refused_settlement("release what another set holds",
                   *(settlement(DATA, "snapferry_other_01234567", release=[each]) for each in other))
refused_settlement("release what a person holds", settlement(DATA, "mine", release=[by_hand]))
refused_settlement("hold with a tag of one's own", settlement(DATA, "mine", hold=autosnap))
refused_settlement("hold elsewhere", settlement(SECRET, hold=secret["autosnap"]))
refused_settlement("a bookmark over a person's", settlement(DATA, bookmark_of=ours[0], bookmark="by-hand"))
refused_settlement("a bookmark elsewhere", settlement(DATA, bookmark_of=ours[0], bookmark="../secret#x"))

# Freezing and sending.
for name in ("mine", "autosnap", "by-hand", "snapferry_other_2026-01-01T00:00:00Z", "a@b", "-r", ""):
    refused(f"freeze as {name!r}", agent(DATA).freeze, [DATA], name)
refused("freeze elsewhere", agent(DATA).freeze, [SECRET], ours[0]["name"])
for volume in (SECRET, COPY, "zfs:source", LEFT, "zfs:source/data@autosnap"):
    refused(f"send {volume}", agent(DATA).source_send, volume, secret["autosnap"])

# A point of another dataset under a name that this one has, too: it is this one's that is sent.
with open("/source/secret/file", "rb") as file:
    secret_bytes = file.read(4096)
for what, request in (("snapshot", dict(to=secret["autosnap"])),
                      ("base", dict(to=ours[0], base=secret["autosnap"]))):
    stream = agent(DATA).source_send(DATA, **request)
    check(secret_bytes not in stream, f"the {what} of another is sent")
only_there = secret["secret"]
refused("send what only another has", agent(DATA).source_send, DATA, only_there)

refused("send the excluded", agent("zfs:source/data/**").source_send, LEFT, by_hand)
refused("freeze the excluded", agent("zfs:source/data/**").freeze, [LEFT], ours[0]["name"])

# A clone's key is no key to what it was made from.
copy = everything(COPY)
check(not set(copy) & set(mine), f"a clone lists what is its origin's: {sorted(copy)}")
refused("send the origin's by the clone", agent(COPY).source_send, COPY, ours[0])

sys.exit(1 if FAILED else 0)
