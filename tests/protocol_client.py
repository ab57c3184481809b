"""A client of the agent, written from src/wire/PROTOCOL.md alone.

It is the proof that the page is enough for a stranger, and what the hostile cases of
protocol_client_test.sh are made with. Single-threaded: one request at a time, frames are read only
when something is waited for. Standard library only.
"""

import struct
import subprocess
import time

MAGIC = b"SNAPFERRY\r\n\0"
HELLO, REQUEST, MESSAGE, LAST, DATA, END, FAILURE, CREDIT, CANCEL, PING, PONG, GOODBYE, WORKING = range(1, 14)
WINDOW = 2 << 20
GRANT = 512 << 10
MAX_PAYLOAD = 65536

KINDS = {1: "InvalidArgument", 2: "NotFound", 3: "AlreadyExists", 4: "Busy", 5: "Conflict",
         6: "Unavailable", 7: "NoSpace", 8: "PermissionDenied", 9: "WrongPassword", 10: "Corrupt",
         11: "Unsupported", 12: "Cancelled", 13: "Internal"}

VERBS = {"source.features": 1, "source.inventory": 2, "source.freeze": 3, "source.send": 4,
         "source.settle": 5, "store.open": 16, "store.inventory": 17, "store.receive": 18,
         "store.abort_partial": 19, "store.set_aside": 20, "store.record_unchanged": 21,
         "store.send": 22, "store.destroy": 23, "store.verify": 24, "store.expectations": 27,
         "store.change_expectations": 28, "store.replicas": 29, "store.move": 30,
         "store.give_up_partial": 31, "agent.report": 32, "agent.prepare": 33, "target.features": 64, "target.require_free": 65,
         "target.restore": 66, "store.init": 67, "view.root": 80, "view.list": 81,
         "view.data_in": 82, "view.read": 83}
SUBVOLUME = 3
SNAPSHOT = 1


class Failure(Exception):
    """A Failure of one channel."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message


class Ended(Exception):
    """The connection ended: with a Goodbye, or without a word."""

    def __init__(self, kind="", message=""):
        super().__init__(f"{kind}: {message}" if kind else "the end of the input")
        self.kind, self.message = kind, message


# What is written.

def u8(value):
    return struct.pack("<B", value)


def u16(value):
    return struct.pack("<H", value)


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def i64(value):
    return struct.pack("<q", value)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return u32(len(data)) + data


def listed(items, form):
    return u32(len(items)) + b"".join(form(item) for item in items)


def optional(value, form):
    return u8(0) if value is None else u8(1) + form(value)


def frame(kind, channel, payload=b""):
    return struct.pack("<BII", kind, channel, len(payload)) + payload


def point(value):
    return (u8(value["kind"]) + text(value["name"]) + value["guid"] + u64(value["order"]) +
            i64(value["created"]) + u32(value["holds"]))


def volume_name(value):
    host, path = value
    return text(host) + text(path)


def stream_request(volume, to, base=None, intermediates=(), clone_sources=(), token="", features=0):
    return (text(volume) + point(to) + optional(base, point) + listed(intermediates, point) +
            listed(clone_sources, point) + text(token) + u32(features))


def snapshot_name(replica, to):
    return volume_name(replica) + text(to["name"]) + to["guid"]


# What is read.

class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        if self.at + size > len(self.data):
            raise ValueError("a message ends too early")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, form):
        return struct.unpack(form, self.raw(struct.calcsize(form)))[0]

    def u8(self):
        return self.number("<B")

    def u32(self):
        return self.number("<I")

    def u64(self):
        return self.number("<Q")

    def i64(self):
        return self.number("<q")

    def text(self):
        return self.raw(self.u32())

    def listed(self, form):
        return [form() for _ in range(self.u32())]

    def optional(self, form):
        return form() if self.u8() else None

    def end(self, value):
        if self.at != len(self.data):
            raise ValueError("a message is longer than its grammar")
        return value

    def point(self):
        return {"kind": self.u8(), "name": self.text(), "guid": self.raw(16), "order": self.u64(),
                "created": self.i64(), "holds": self.u32()}

    def volume_name(self):
        return self.text(), self.text()

    def failure(self):
        return self.text(), self.text()

    def volume_state(self):
        return {"name": self.text(), "type": self.u8(), "guid": self.raw(16), "excluded": self.u8(),
                "encrypted": self.u8(), "key_loaded": self.u8(), "written": self.optional(self.u64),
                "points": self.listed(self.point)}

    def partial(self):
        return {"token": self.text(), "to": self.raw(16), "to_name": self.text(),
                "base": self.optional(lambda: self.raw(16)), "bytes": self.u64(), "raw": self.u8()}

    def replica_state(self):
        return {"volume": self.volume_name(), "type": self.u8(), "raw": self.u8(),
                "points": self.listed(self.point), "partial": self.optional(self.partial),
                "seen_unchanged": self.listed(lambda: (self.text(), self.i64())),
                "bytes": self.u64()}

    def time(self):
        return self.i64(), self.u32()

    def entry(self):
        return {"type": self.u8(), "name": self.text(), "mode": self.u32(), "uid": self.u32(),
                "gid": self.u32(), "mtime": self.time(), "ctime": self.time(), "inode": self.u64(),
                "size": self.u64(), "device": self.u64(), "link_device": self.optional(self.u64),
                "xattrs": self.listed(lambda: (self.text(), self.text())), "target": self.text()}

    def file(self):
        return {"entry": self.entry(), "version": self.u64(), "sparse": self.u8()}

    def part(self):
        return {"directory": self.text(), "first": self.u32(), "total": self.u32(),
                "part_names": self.listed(self.text), "files": self.listed(self.file)}

    def finding(self):
        return self.text(), self.u8(), self.text()


def records(data):
    reader = Reader(data)
    while reader.at < len(data):
        yield reader.text()


class Client:
    """One connection: `command` is what ssh would run, as a list of words."""

    def __init__(self, command, features=("working",), greet=True):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.channel = 0
        self.features = set()
        self.working = 0
        if not greet:
            return
        hello = u16(1) + u16(1) + text("protocol_client.py") + listed(list(features), text)
        self.send(MAGIC + frame(HELLO, 0, hello))
        if self.receive(len(MAGIC)) != MAGIC:
            raise Ended("Corrupt", "another magic")
        kind, _, payload = self.read_frame()
        if kind != HELLO:
            raise Ended("Corrupt", "no Hello")
        reader = Reader(payload)
        oldest, newest, self.program = reader.number("<H"), reader.number("<H"), reader.text()
        self.features = set(reader.listed(reader.text))
        if not oldest <= 1 <= newest:
            raise Ended("Unsupported", "no common version")

    # Bytes and frames.

    def send(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self.farewell() from error

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.process.stdout.read(size - len(data))
            if not more:
                raise Ended()
            data += more
        return data

    def read_frame(self):
        """The next frame that is of a channel, or Hello."""
        while True:
            kind, channel, length = struct.unpack("<BII", self.receive(9))
            payload = self.receive(length)
            if kind == PING:
                self.send(frame(PONG, 0))
            elif kind == GOODBYE:
                raise Ended(*self.error_of(payload))
            elif kind == WORKING:
                self.working += 1
            elif kind != PONG:
                return kind, channel, payload

    def farewell(self):
        """What the server says at its end."""
        try:
            while True:
                self.read_frame()
        except Ended as end:
            return end

    @staticmethod
    def error_of(payload):
        reader = Reader(payload)
        return reader.end((KINDS[reader.u8()], reader.text().decode(errors="replace")))

    def close(self):
        """Leaves in order; the server's exit status."""
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(timeout=60)

    # Requests.

    def open(self, verb, message):
        self.channel += 1
        out = frame(REQUEST, self.channel, u16(VERBS[verb] if isinstance(verb, str) else verb))
        while len(message) > MAX_PAYLOAD:
            out += frame(MESSAGE, self.channel, message[:MAX_PAYLOAD])
            message = message[MAX_PAYLOAD:]
        self.send(out + frame(LAST, self.channel, message))
        return self.channel

    def ask(self, verb, message, stream=None):
        """The answer's message; `stream` goes along with the request."""
        channel = self.open(verb, message)
        failure = self.send_stream(channel, stream) if stream is not None else None
        answer = b""
        while failure is None:
            kind, of, payload = self.read_frame()
            assert of == channel, (kind, of)
            if kind in (MESSAGE, LAST):
                answer += payload
            if kind == LAST:
                return answer
            if kind == FAILURE:
                failure = Failure(*self.error_of(payload))
            assert kind in (MESSAGE, LAST, FAILURE, CREDIT), kind
        raise failure

    def send_stream(self, channel, stream):
        """None, or the Failure that came before the end of the stream."""
        credit = WINDOW
        while stream:
            part, stream = stream[:MAX_PAYLOAD], stream[MAX_PAYLOAD:]
            while credit < len(part):
                kind, of, payload = self.read_frame()
                assert of == channel
                if kind == FAILURE:
                    self.send(frame(CANCEL, channel))
                    return Failure(*self.error_of(payload))
                assert kind == CREDIT, kind
                credit += Reader(payload).u32()
            self.send(frame(DATA, channel, part))
            credit -= len(part)
        self.send(frame(END, channel))
        return None

    def fetch(self, verb, message):
        """The stream that answers."""
        channel = self.open(verb, message)
        data, taken = [], 0
        while True:
            kind, of, payload = self.read_frame()
            assert of == channel, (kind, of)
            if kind == DATA:
                data.append(payload)
                taken += len(payload)
                if taken >= GRANT:
                    self.send(frame(CREDIT, channel, u32(taken)))
                    taken = 0
            elif kind == END:
                return b"".join(data)
            elif kind == FAILURE:
                self.send(frame(CANCEL, channel))
                raise Failure(*self.error_of(payload))
            else:
                raise AssertionError(kind)

    # Verbs.

    def inventory(self, patterns):
        reader = Reader(self.ask("source.inventory", listed(patterns, text)))
        return {volume["name"]: volume for volume in reader.end(reader.listed(reader.volume_state))}

    def freeze(self, volumes, name):
        reader = Reader(self.ask("source.freeze", listed(volumes, text) + text(name)))
        frozen = reader.listed(lambda: (reader.text(), reader.point()))
        return dict(frozen), reader.end(reader.listed(reader.failure))

    def source_send(self, volume, to, **more):
        return self.fetch("source.send", stream_request(volume, to, **more))

    def store_open(self, store=""):
        reader = Reader(self.ask("store.open", text(store)))
        return reader.end((reader.text(), reader.text(), reader.u32()))

    def replicas(self, host):
        reader = Reader(self.ask("store.inventory", text(host)))
        return {state["volume"]: state for state in reader.end(reader.listed(reader.replica_state))}

    def known_replicas(self, host):
        """As replicas(), with what the store knows against each."""
        reader = Reader(self.ask("store.replicas", text(host)))
        known = reader.listed(lambda: dict(reader.replica_state(), changed=reader.text()))
        return {state["volume"]: state for state in reader.end(known)}

    def move(self, old, new):
        return self.ask("store.move", volume_name(old) + volume_name(new))

    def give_up_partial(self, replica):
        return self.ask("store.give_up_partial", volume_name(replica)) == u8(1)

    def store_receive(self, replica, stream, to, **more):
        request = volume_name(replica) + u8(SUBVOLUME) + stream_request(replica[1], to, **more)
        return self.ask("store.receive", request, stream)

    def record_unchanged(self, set_name, replicas, at=None):
        at = int(time.time()) if at is None else at
        return self.ask("store.record_unchanged",
                        text(set_name) + i64(at) + listed(replicas, volume_name))

    def change_expectations(self, host, set_name, missing=(), settled=()):
        """What was not taken in, and why."""
        reader = Reader(self.ask("store.change_expectations", text(host) + text(set_name) +
                                 listed(missing, text) + listed(settled, text)))
        return dict(reader.end(reader.listed(reader.failure)))

    def awaited(self, host):
        """The pairs of set and volume."""
        reader = Reader(self.ask("store.expectations", text(host)))
        awaited = []
        for _ in range(reader.u32()):
            reader.text()
            awaited += reader.listed(lambda: (reader.text(), reader.text()))
            reader.listed(lambda: (reader.text(), reader.text(), reader.text(), reader.i64()))
            reader.u8()
        return reader.end(awaited)

    def report(self):
        reader = Reader(self.ask("agent.report", b""))
        return reader.end(reader.listed(reader.finding))

    def view_list(self, replica, to, directory=b""):
        message = snapshot_name(replica, to) + text(directory) + u32(0) + u32(0)
        first = next(records(self.fetch("view.list", message)))
        reader = Reader(first)
        return reader.end(reader.part())

    def view_read(self, replica, to, directory, file):
        size = file["entry"]["size"]
        range_of = (text(directory) + text(file["entry"]["name"]) + u64(file["version"]) + u64(0) +
                    u64(size))
        message = snapshot_name(replica, to) + u32(1) + range_of
        reader = Reader(next(records(self.fetch("view.read", message))))
        if reader.u8() == 0:
            return reader.end(reader.text())
        raise Failure(*self.error_of(reader.raw(len(reader.data) - reader.at)))
