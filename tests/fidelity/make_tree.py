#!/usr/bin/env python3
"""Makes a tree with every kind of file that Linux knows: make_tree.py DIRECTORY"""

import os
import random
import socket
import stat
import struct
import subprocess
import sys

RANDOM = random.Random(20260301)


def write(path, data=b"content\n"):
    with open(path, "wb") as out:
        out.write(data)
    return path


def sparse(path, size, pieces):
    """A file with data of (offset, bytes) and holes elsewhere."""
    with open(path, "wb") as out:
        out.truncate(size)
        for offset, data in pieces:
            out.seek(offset)
            out.write(data)


def contents():
    os.mkdir(b"contents")
    write(b"contents/empty", b"")
    write(b"contents/one byte", b"x")
    write(b"contents/text", b"line\n" * 1000)
    write(b"contents/random", RANDOM.randbytes(3 << 20))
    write(b"contents/big", RANDOM.randbytes(24 << 20) + b"a" * (8 << 20))
    write(b"contents/zeros as data", bytes(1 << 20))
    block = 64 << 10
    sparse(b"contents/only a hole", 256 << 20, [])
    sparse(b"contents/hole first", 16 * block, [(15 * block, b"end" * 7000)])
    sparse(b"contents/hole last", 16 * block, [(0, b"begin" * 7000)])
    sparse(b"contents/holes between", 512 * block,
           [(i * 7 * block, RANDOM.randbytes(block)) for i in range(1, 60)])
    sparse(b"contents/zeros beside holes", 64 * block, [(8 * block, bytes(block))])
    sparse(b"contents/hole at an odd end", 10 * block + 123, [(block, b"x" * block)])


def modes_and_owners():
    os.mkdir(b"modes")
    for mode in (0, 0o400, 0o222, 0o111, 0o644, 0o777, 0o4755, 0o2755, 0o6711, 0o1644, 0o7777):
        for name, owner in ((b"root", 0), (b"daemon", 1), (b"unknown", 54321)):
            path = write(b"modes/%04o %s" % (mode, name))
            os.chown(path, owner, owner + (owner > 1))
            os.chmod(path, mode)
            path = b"modes/d%04o %s" % (mode, name)
            os.mkdir(path)
            write(path + b"/inside")
            os.chown(path, owner, owner + (owner > 1))
            os.chmod(path, mode)
    os.chown(write(b"modes/largest ids"), 0xFFFFFFFE, 0xFFFFFFFE)


def times():
    os.mkdir(b"times")
    for name, when in ((b"now", None), (b"odd", 1_234_567_890_123_456_789), (b"epoch", 0),
                       (b"one ns", 1), (b"before", -1_000_000_001), (b"future", 4_000_000_000 * 10**9 + 5)):
        for make in (write, os.mkdir, lambda path: os.symlink(b"x", path),
                     lambda path: os.mkfifo(path)):
            path = b"times/%s %d" % (name, len(os.listdir(b"times")))
            make(path)
            if when is not None:
                os.utime(path, ns=(when, when), follow_symlinks=False)


def acl(*entries):
    """The attribute of entries (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, permissions, 0xFFFFFFFF if who is None else who)
        for tag, permissions, who in entries)


def attributes():
    os.mkdir(b"attributes")
    path = write(b"attributes/user")
    os.setxattr(path, "user.text", b"value")
    os.setxattr(path, "user.empty", b"")
    os.setxattr(path, "user.binary", bytes(range(256)))
    os.setxattr(path, "user.long", RANDOM.randbytes(1500))
    os.setxattr(path, b"user.\xff\xfe name", b"not UTF-8")
    os.setxattr(write(b"attributes/trusted"), "trusted.secret", b"1")
    os.mkdir(b"attributes/directory")
    os.setxattr(b"attributes/directory", "user.on-directory", b"2")
    for name, make in ((b"symlink", lambda p: os.symlink(b"nowhere", p)), (b"fifo", os.mkfifo)):
        path = b"attributes/" + name
        make(path)
        os.setxattr(path, "trusted.special", name, follow_symlinks=False)

    path = write(b"attributes/capable")
    os.chown(path, 1, 1)
    # Version 2, effective: cap_net_bind_service and cap_net_raw permitted.
    os.setxattr(path, "security.capability",
                struct.pack("<IIIII", 0x02000001, 1 << 10 | 1 << 13, 0, 0, 0))

    access = acl((1, 6, None), (2, 4, 1), (2, 7, 54321), (4, 5, None), (8, 6, 3), (16, 6, None),
                 (32, 0, None))
    for path in (write(b"attributes/acl"), write(b"attributes/acl and setuid")):
        os.setxattr(path, "system.posix_acl_access", access)
    os.chmod(b"attributes/acl and setuid", 0o4760)
    os.mkdir(b"attributes/default acl")
    os.setxattr(b"attributes/default acl", "system.posix_acl_default", access)
    write(b"attributes/default acl/has inherited")
    os.removexattr(write(b"attributes/default acl/lost it again"), "system.posix_acl_access")
    os.mkdir(b"attributes/default acl/below")
    os.mkdir(b"attributes/setgid")
    os.chown(b"attributes/setgid", 0, 100)
    os.chmod(b"attributes/setgid", 0o2775)
    write(b"attributes/setgid/inherits the group")
    os.chown(write(b"attributes/setgid/has another group"), 0, 0)


def special_files():
    os.mkdir(b"special")
    os.mkfifo(b"special/fifo", 0o620)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(b"special/socket")
    listener.close()
    os.mknod(b"special/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(b"special/disk", stat.S_IFBLK | 0o660, os.makedev(8, 17))
    os.mknod(b"special/large numbers", stat.S_IFBLK | 0o600, os.makedev(500, 200000))
    os.chown(b"special/disk", 0, 6)
    for name, target in ((b"dangling", b"../no/such/file"), (b"absolute", b"/etc/passwd"),
                         (b"to directory", b"."), (b"loop", b"loop"), (b"long", b"x/" * 500),
                         (b"any bytes", b"\xff\n \x01")):
        os.symlink(target, b"special/" + name)
    os.chown(b"special/dangling", 54321, 54322, follow_symlinks=False)


def links():
    os.makedirs(b"links/here")
    os.mkdir(b"links/there")
    for name, make in ((b"file", write), (b"fifo", os.mkfifo), (b"empty", lambda p: write(p, b"")),
                       (b"symlink", lambda p: os.symlink(b"target", p)),
                       (b"big", lambda p: write(p, RANDOM.randbytes(6 << 20))),
                       (b"device", lambda p: os.mknod(p, stat.S_IFCHR, os.makedev(1, 5)))):
        make(b"links/here/" + name)
        for path in (b"links/there/" + name, b"links/here/again " + name, b"links/a " + name):
            os.link(b"links/here/" + name, path, follow_symlinks=False)
    write(b"links/same content, no link")
    path = write(b"links/a-many 0")
    for i in range(1, 200):
        os.link(path, b"links/a-many %d" % i)
    # One name is outside of what is backed up.
    os.link(write(b"links/half outside"), b"../outside")


def names():
    os.mkdir(b"names")
    for name in (b"n" * 255, "ä".encode() * 127, b"\xff\xfe\x80", b"new\nline", b"tab\t", b" ", b"-rf",
                 b"--", b"*", b"\\", b"'\"", b"$HOME", b"\x01\x7f", b"..a", b"...", b"a:b"):
        write(b"names/" + name)
        os.mkdir(b"names/" + name[:250] + b".d")
        write(b"names/" + name[:250] + b".d/" + name)
    os.mkdir(b"empty directory")
    os.makedirs(b"nested/empty/directories")
    os.mkdir(b"many")
    for i in range(20000):
        write(b"many/%d" % i, b"%d" % (i % 1000))


def deep():
    """Three times longer than PATH_MAX."""
    os.mkdir(b"deep")
    here = os.open(b"deep", os.O_RDONLY)
    for level in range(60):
        name = b"%02d" % level + b"d" * 200
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        for other in (b"before", b"zz after"):
            os.close(os.open(other, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.mkfifo(b"fifo", dir_fd=here)
    os.symlink(b"target", b"symlink", dir_fd=here)
    os.link(b"before", b"linked", src_dir_fd=here, dst_dir_fd=here)
    os.close(here)


def main():
    os.makedirs(sys.argv[1])
    os.chdir(sys.argv[1])
    os.umask(0o022)
    for part in (contents, modes_and_owners, times, attributes, special_files, links, names, deep):
        part()
    os.chmod(b".", 0o751)
    os.chown(b".", 1, 2)
    subprocess.run(["sync", "-f", "."], check=True)
    # Last, since making entries changes the times of directories.
    for path in (b"times", b"many", b"names", b"empty directory", b"deep", b"."):
        os.utime(path, ns=(0, 1_500_000_000_000_000_007))


main()
