"""protocol_scenarios.py PROGRAM DIRECTORY: what protocol_client_test.sh has the agent go through.

DIRECTORY/source and DIRECTORY/backup are mounts of btrfs, and DIRECTORY/backup/store is a store.
"""

import os
import struct
import subprocess
import sys

import protocol_client as protocol
from protocol_client import Client, Ended, Failure, frame, text, u8, u16, u32

PROGRAM, WORK = sys.argv[1:]
SOURCE, STORE = f"{WORK}/source", f"{WORK}/backup/store"
TIMES = [f"2026-01-01T00:00:0{second}Z" for second in range(10)]
FAILED = []


def source_agent(*patterns):
    words = [PROGRAM, "agent", "--allow", "source", "--set", "main"]
    for pattern in patterns:
        words += ["--volume", pattern]
    return Client(words)


def store_words(host, *roles):
    words = [PROGRAM, "agent", "--allow", "store"]
    for role in roles:
        words += ["--allow", role]
    return words + ["--set", "main", "--store", f"btrfs:{STORE}", "--host", host]


def store_agent(host, *roles, **more):
    return Client(store_words(host, *roles), **more)


def prepared_store_agent(host, *roles):
    client = store_agent(host, *roles)
    if b"unprepared" not in client.features:
        return client
    client.ask("agent.prepare", b"")
    check(client.close() == 0, "leaves in order")
    return store_agent(host, *roles)


def check(condition, what):
    if not condition:
        FAILED.append(what)
        print("FAILED:", what)


def fails(kinds, what, call, *arguments, **more):
    """The request fails, and the connection lives."""
    try:
        call(*arguments, **more)
        check(False, f"{what}: is done")
    except Failure as failure:
        check(failure.kind in kinds.split(), f"{what}: {failure}")


def btrfs(*words):
    subprocess.run(["btrfs", "-q", "subvolume", *words], check=True, stdout=subprocess.DEVNULL)


def make_volume(name, content=b"content"):
    path = os.path.join(SOURCE.encode(), name)
    btrfs("create", path)
    with open(os.path.join(path, b"file"), "wb") as file:
        file.write(content)
    return b"btrfs:" + path


def name_of_snapshot(number):
    return f"snapferry_main_{TIMES[number]}"


def freeze(client, volume, number):
    frozen, failures = client.freeze([volume], name_of_snapshot(number))
    check(not failures, f"freezes {volume}: {failures}")
    return frozen[volume]


# What a backup needs.

def a_backup_and_its_files():
    volume = make_volume(b"home")
    client = source_agent(f"btrfs:{SOURCE}/*")
    check(client.inventory([f"btrfs:{SOURCE}/*"])[volume]["points"] == [], "has no snapshots yet")
    first = freeze(client, volume, 0)
    with open(f"{SOURCE}/home/file", "wb") as file:
        file.write(b"other content")
    second = freeze(client, volume, 1)
    whole = client.source_send(volume, first)
    more = client.source_send(volume, second, base=first)
    points = [point["guid"] for point in client.inventory([volume])[volume]["points"]]
    check(points == [first["guid"], second["guid"]], "lists its snapshots in order")
    check(whole[:13] == more[:13] == b"btrfs-stream\0", "sends what btrfs sends")
    check(client.close() == 0, "the source ends in order")

    replica = (b"box", volume)
    before = sorted(os.listdir(STORE))
    client = store_agent("box", "restore")
    check(b"unprepared" in client.features, "the directory of its host is not there")
    client.store_open(f"btrfs:{STORE}")
    check(client.replicas("box") == {}, "has nothing yet")
    fails("Unavailable", "receives unprepared", client.store_receive, replica, whole, first)
    client.report()
    client.close()
    check(sorted(os.listdir(STORE)) == before, "makes nothing by connecting")

    client = prepared_store_agent("box", "restore")
    client.store_receive(replica, whole, first)
    # Streams stand behind one another.
    client.store_receive(replica, more, second, base=first)
    state = client.replicas("box")[replica]
    check([point["guid"] for point in state["points"]] == points, "has both snapshots")
    client.record_unchanged("main", [replica])
    check(client.replicas("box")[replica]["seen_unchanged"][0][0] == b"main", "is seen unchanged")
    for point, content in ((state["points"][0], b"content"), (state["points"][1], b"other content")):
        part = client.view_list(replica, point)
        check([file["entry"]["name"] for file in part["files"]] == [b"file"], "lists its files")
        check(client.view_read(replica, point, "", part["files"][0]) == content, "reads them")
    back = client.fetch("store.send", protocol.volume_name(replica) +
                        protocol.stream_request(volume, state["points"][0]))
    check(back[:13] == whole[:13], "gives it back")
    check({b"changed", b"move"} <= set(client.features), "says that it knows of changes and moves")
    check(client.known_replicas("box")[replica] == dict(client.replicas("box")[replica], changed=b""),
          "knows nothing against it")
    moved = (b"box", volume + b"-renamed")
    client.move(replica, moved)
    check(list(client.replicas("box")) == [moved], "has it under its new name")
    fails("AlreadyExists", "moves it onto itself", client.move, moved, moved)
    fails("NotFound", "moves what is not there", client.move, replica, (b"box", b"btrfs:/x"))
    client.move(moved, replica)
    copy = f"{STORE}/box/{SOURCE[1:].replace('/', '%2F')}%2Fhome/{name_of_snapshot(1)}"
    subprocess.run(["btrfs", "property", "set", "-f", copy, "ro", "false"], check=True)
    changed = client.known_replicas("box")[replica]["changed"]
    check(changed.startswith(f"@{name_of_snapshot(1)} was made writable".encode()),
          f"knows of a change: {changed}")
    btrfs("delete", copy)
    check(client.close() == 0, "the store ends in order")


def a_stream_larger_than_the_window():
    volume = make_volume(b"large", os.urandom(5 << 20))
    client = source_agent(f"btrfs:{SOURCE}/*")
    point = freeze(client, volume, 0)
    whole = client.source_send(volume, point)
    check(len(whole) > 5 << 20, "sends all of it under credit")
    client.close()
    client = prepared_store_agent("box")
    client.store_receive((b"box", volume), whole, point)
    client.close()


def names_that_a_filesystem_allows():
    names = [b"@", b"@home", b"a,b", b"50%", b"#1", b"-rf", b".hidden", b"two words", "größe".encode(),
             b"tab\tand\nline", b"x" * 200, b"\xff\xfe"]
    names_of_snapshots = [b"@,#%", b"-n", b".first", b"a b", "schnapp\u00fc".encode(), b"y" * 255,
                          b"nl\n"]
    for directory in ("n", "others"):
        os.mkdir(f"{SOURCE}/{directory}")
    volumes = [make_volume(b"n/" + name) for name in names]
    for name in names_of_snapshots:
        btrfs("snapshot", "-r", f"{SOURCE}/n/@home", os.path.join(SOURCE.encode(), b"others", name))
    for number in (1, 2):
        os.makedirs(f"{SOURCE}/n/.snapshots/{number}")
        btrfs("snapshot", "-r", f"{SOURCE}/n/@home", f"{SOURCE}/n/.snapshots/{number}/snapshot")
    client = source_agent(f"btrfs:{SOURCE}/n/**")
    listing = client.inventory([f"btrfs:{SOURCE}/n/**"])
    check(set(volumes) <= set(listing), f"lists all: {set(volumes) - set(listing)}")
    store = prepared_store_agent("names")
    for volume in volumes:
        point = freeze(client, volume, 0)
        store.store_receive((b"names", volume), client.source_send(volume, point), point)
    home = b"btrfs:" + f"{SOURCE}/n/@home".encode()
    points = client.inventory([home])[home]["points"]
    check(len(points) == len(names_of_snapshots) + 3, f"lists the snapshots of others: {points}")
    for base, to in zip(points, points[1:]):
        client.source_send(home, to, base=base)
    check(len(store.replicas("names")) == len(volumes), "keeps all of them")
    check(client.close() == 0 and store.close() == 0, "both end in order")


# What a hostile client tries.

def invented_volumes_are_not_noted():
    client = prepared_store_agent("box")
    invented = [(b"box", f"btrfs:/invented/{number}/{'x' * 180}".encode()) for number in range(60000)]
    client.record_unchanged("main", invented)
    client.close()
    check(os.path.getsize(f"{STORE}/box/.unchanged-main.json") < 10000, "notes nothing of it")
    every_list_works("60,000 invented volumes")


def what_was_asked_for_is_noted_within_bounds():
    client = prepared_store_agent("box")
    volume = f"btrfs:{SOURCE}/never".encode()
    client.change_expectations("box", "main", missing=[volume])
    check(client.awaited("box") == [(b"main", volume)], "is awaited")
    client.change_expectations("box", "main", settled=[volume])
    check(client.awaited("box") == [], "has arrived")
    left = client.change_expectations("box", "main", missing=[b"zfs:tank/other", volume])
    check(client.awaited("box") == [(b"main", volume)], "one name that is refused loses no other")
    check(list(left) == [b"zfs:tank/other"], "and is named")
    client.change_expectations("box", "main", settled=[volume])
    fails("PermissionDenied", "asks for another host", client.change_expectations, "names", "main", [volume])
    fails("PermissionDenied", "asks in another set", client.change_expectations, "box", "other", [volume])
    fails("PermissionDenied", "hears of another host", client.awaited, "names")
    left = 0
    for part in range(4):
        left += len(client.change_expectations("box", "main", missing=[
            f"btrfs:/invented/{part}/{number}/{'x' * 180}".encode() for number in range(4096)]))
    check(len(client.awaited("box")) <= 4096, "notes no more than the limit")
    check(len(client.awaited("box")) + left == 4 * 4096, "and names all others")
    client.close()
    check(os.path.getsize(f"{STORE}/box/.expected") < 300 << 10, "and no more bytes")
    every_list_works("invented names that were asked for")
    os.remove(f"{STORE}/box/.expected")


def what_one_client_leaves_fails_no_command_of_others():
    box = f"{STORE}/box"
    subprocess.run(["truncate", "-s", "1G", f"{box}/.unchanged-large.json"], check=True)
    os.mkfifo(f"{box}/.unchanged-fifo.json")
    os.symlink("/etc/shadow", f"{box}/.unchanged-link.json")
    os.mkdir(f"{box}/.unchanged-directory.json")
    with open(f"{box}/.unchanged-bytes.json", "wb") as file:
        file.write(b"\0\xff{]")
    os.mkfifo(f"{box}/.expected")
    os.mkfifo(f"{box}/pipe")
    os.symlink("/etc", f"{box}/link")
    with open(f"{box}/plain", "wb"):
        pass
    os.mkfifo(f"{STORE}/anotherhost")
    every_list_works("what a taken-over agent can leave")
    client = store_agent("box")
    check(len(client.replicas("box")) > 0, "its own list works, too")
    client.close()


def every_list_works(what):
    for words in (["list"], ["check", "--max-age", "1d"], ["prune", "--keep-last", "9", "--dry-run"], ["verify"]):
        status = subprocess.run([PROGRAM, *words, "--store", f"btrfs:{STORE}"], timeout=120,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # `check` may find what is stale.
        check(status.returncode in ((0, 1) if words[0] == "check" else (0,)),
              f"{what}: {words}: {status.returncode}: {status.stderr}")


def a_guid_is_no_authorisation():
    make_volume(b"secret", b"a secret")
    public = make_volume(b"public")
    key = source_agent(f"btrfs:{SOURCE}/secret")
    secret = freeze(key, b"btrfs:" + f"{SOURCE}/secret".encode(), 0)
    key.close()
    client = source_agent(public)
    own = freeze(client, public, 0)
    fails("NotFound", "sends by a known guid", client.source_send, public, secret)
    fails("NotFound", "takes another's as base", client.source_send, public, own, base=secret)
    fails("NotFound", "clones from another's", client.source_send, public, own,
          clone_sources=[secret])
    fails("PermissionDenied", "sends another volume", client.source_send,
          b"btrfs:" + f"{SOURCE}/secret".encode(), secret)
    check(len(client.source_send(public, own)) > 0, "its own all the same")
    client.close()


def a_clone_shares_no_later_snapshots():
    home = make_volume(b"original", b"early")
    key = source_agent(home)
    early = freeze(key, home, 0)
    btrfs("snapshot", f"{SOURCE}/.snapferry/original/{name_of_snapshot(0)}", f"{SOURCE}/clone")
    with open(f"{SOURCE}/original/file", "wb") as file:
        file.write(b"a later secret")
    later = freeze(key, home, 1)
    key.close()
    clone = b"btrfs:" + f"{SOURCE}/clone".encode()
    client = source_agent(clone)
    guids = [point["guid"] for point in client.inventory([clone])[clone]["points"]]
    check(guids == [early["guid"]], "lists what it was made of, and nothing later")
    fails("NotFound", "sends what the original became later", client.source_send, clone, later)
    client.close()


def what_the_policy_refuses():
    client = prepared_store_agent("box")
    there = (b"box", b"btrfs:" + f"{SOURCE}/home".encode())
    fails("PermissionDenied", "another host", client.replicas, "names")
    fails("PermissionDenied", "all hosts", client.replicas, "")
    fails("PermissionDenied", "another set", client.record_unchanged, "other", [there])
    fails("PermissionDenied", "a host above", client.ask, "store.abort_partial",
          protocol.volume_name((b"..", b"btrfs:/x")))
    fails("PermissionDenied InvalidArgument", "a path above", client.ask, "store.set_aside",
          protocol.volume_name((b"box", b"btrfs:/../x")))
    fails("PermissionDenied", "another host's", client.known_replicas, "names")
    fails("PermissionDenied", "moves another host's", client.move, (b"names", there[1]), there)
    fails("PermissionDenied", "moves to another host", client.move, there, (b"names", there[1]))
    fails("PermissionDenied InvalidArgument", "moves to a path above", client.move, there,
          (b"box", b"btrfs:/../x"))
    fails("PermissionDenied", "gives up another host's", client.give_up_partial, (b"names", there[1]))
    check(not client.give_up_partial(there), "gives up what is whole")
    check(not client.give_up_partial((b"box", b"btrfs:/nothing")), "gives up what is not there")
    check(there in client.replicas("box"), "and destroys nothing by it")
    fails("PermissionDenied", "reads back", client.fetch, "store.send",
          protocol.volume_name(there) +
          protocol.stream_request(there[1], client.replicas("box")[there]["points"][0]))
    fails("PermissionDenied", "destroys", client.ask, "store.destroy",
          protocol.volume_name(there) + u32(0))
    fails("AlreadyExists PermissionDenied", "makes the store again", client.ask, "store.init",
          text(f"btrfs:{STORE}"))
    check(client.close() == 0, "lives through all of it")


def ends_with(what, data, words=None):
    """The server ends the connection and says why; nothing hangs."""
    client = Client(words or store_words("box"))
    try:
        client.send(data)
        client.process.stdin.flush()
        end = client.farewell()
    except Ended as ended:
        end = ended
    check(end.kind == "Corrupt", f"{what}: {end}")
    client.process.stdin.close()
    client.process.wait(timeout=60)


def request(channel, verb, message, kind=protocol.LAST):
    return (frame(protocol.REQUEST, channel, u16(protocol.VERBS[verb])) + frame(kind, channel, message))


def header(kind, channel, length):
    return struct.pack("<BII", kind, channel, length)


def frames_that_break_the_rules():
    ends_with("a payload beyond its limit", header(protocol.DATA, 1, 65537))
    ends_with("a payload of 4 GiB", header(protocol.MESSAGE, 1, 0xFFFFFFFF))
    ends_with("an unknown frame", header(99, 0, 0))
    ends_with("a second Hello", frame(protocol.HELLO, 0, u16(1) + u16(1) + text("x") + u32(0)))
    ends_with("a server's frame", request(1, "store.open", text(""), protocol.MESSAGE) +
              frame(protocol.WORKING, 1))
    ends_with("a channel that was never opened", frame(protocol.LAST, 7))
    ends_with("a channel out of turn", request(2, "store.open", text("")))
    ends_with("an unknown verb", frame(protocol.REQUEST, 1, u16(999)))
    ends_with("a request without a grammar", request(1, "store.open", b"\xff\xff\xff\xff"))
    ends_with("a move without a second name",
              request(1, "store.move", protocol.volume_name((b"box", b"btrfs:/x"))))
    ends_with("a move to a name without end", request(1, "store.move",
              protocol.volume_name((b"box", b"btrfs:/x")) + text("box") + u32(0xFFFFFFFF)))
    ends_with("a partial without a name", request(1, "store.give_up_partial", text("box")))
    ends_with("a message with a tail", request(1, "store.inventory", text("box") + b"x"))
    ends_with("a list that cannot be", request(1, "store.record_unchanged",
                                               text("main") + protocol.i64(0) + u32(0xFFFFFFFF)))
    ends_with("Data before the request is whole",
              frame(protocol.REQUEST, 1, u16(protocol.VERBS["store.receive"])) +
              frame(protocol.DATA, 1, b"x"))
    ends_with("Data of a verb without", frame(protocol.REQUEST, 1, u16(protocol.VERBS["store.open"])) +
              frame(protocol.DATA, 1, b"x"))
    ends_with("Credit beyond the window", frame(protocol.REQUEST, 1, u16(protocol.VERBS["store.send"])) +
              frame(protocol.CREDIT, 1, u32(1)))
    ends_with("a request of more than 16 MiB",
              frame(protocol.REQUEST, 1, u16(protocol.VERBS["store.record_unchanged"])) +
              frame(protocol.MESSAGE, 1, b"\0" * 65536) * 257)
    ends_with("33 channels", b"".join(
        frame(protocol.REQUEST, channel, u16(protocol.VERBS["store.open"])) for channel in range(1, 34)))
    ends_with("a name with a slash", request(1, "store.send", protocol.volume_name((b"box", b"btrfs:/x")) +
              text("btrfs:/x") + u8(1) + text("a/b")))


def data_beyond_the_credit():
    client = source_agent(f"btrfs:{SOURCE}/*")
    volume = b"btrfs:" + f"{SOURCE}/large".encode()
    point = client.inventory([volume])[volume]["points"][0]
    client.close()
    client = prepared_store_agent("box")
    target = (b"box", volume + b"-again")
    message = (protocol.volume_name(target) + u8(protocol.SUBVOLUME) +
               protocol.stream_request(target[1], point))
    channel = client.open("store.receive", message)
    try:
        for _ in range(2000):
            client.send(frame(protocol.DATA, channel, b"\0" * 65536))
        end = client.farewell()
    except Ended as ended:
        end = ended
    check(end.kind == "Corrupt", f"Data without end: {end}")
    client.process.wait(timeout=60)


def bytes_that_are_no_protocol():
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 4096, protocol.MAGIC + b"\xff" * 64):
        client = Client(store_words("box"), greet=False)
        try:
            client.send(data)
        except Ended:
            pass
        client.process.stdin.close()
        client.process.stdout.read()
        check(client.process.wait(timeout=60) != 0, f"ends for {data[:8]}")


SCENARIOS = [a_backup_and_its_files, a_stream_larger_than_the_window, names_that_a_filesystem_allows,
             invented_volumes_are_not_noted, what_was_asked_for_is_noted_within_bounds, a_guid_is_no_authorisation,
             a_clone_shares_no_later_snapshots, what_the_policy_refuses, frames_that_break_the_rules,
             data_beyond_the_credit, bytes_that_are_no_protocol,
             what_one_client_leaves_fails_no_command_of_others]

for scenario in SCENARIOS:
    print(scenario.__name__.replace("_", " "), flush=True)
    scenario()
sys.exit(1 if FAILED else 0)
