#!/usr/bin/env python3
"""Prints everything about every file of a tree, a line each: describe_tree.py DIRECTORY

Written without a look at how the program walks, and works at any depth."""

import errno
import hashlib
import os
import stat
import sys

FIRST_NAMES = {}  # by device and inode


def attributes(directory, name):
    path = b"/proc/self/fd/%d/%s" % (directory, name)
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise
    return sorted((attribute.encode(errors="surrogateescape").hex(),
                   os.getxattr(path, attribute, follow_symlinks=False).hex())
                  for attribute in names)


def data_map(file, size):
    """[(begin, end)] of what is not a hole."""
    pieces = []
    position = 0
    while position < size:
        try:
            begin = os.lseek(file, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            raise
        position = os.lseek(file, begin, os.SEEK_HOLE)
        pieces.append((begin, position))
    return pieces


def content(directory, name, size):
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    pieces = data_map(file, size)
    os.lseek(file, 0, os.SEEK_SET)
    digest = hashlib.sha256()
    while True:
        block = os.read(file, 1 << 20)
        if not block:
            break
        digest.update(block)
    os.close(file)
    return [digest.hexdigest(), "data", *("%d-%d" % piece for piece in pieces)]


def describe(directory, name, path):
    info = os.stat(name, dir_fd=directory, follow_symlinks=False)
    words = [repr(path), stat.filemode(info.st_mode), "%o" % info.st_mode, info.st_uid, info.st_gid,
             info.st_mtime_ns]
    if not stat.S_ISDIR(info.st_mode):
        words += ["size", info.st_size, "links", info.st_nlink, "as",
                  repr(FIRST_NAMES.setdefault((info.st_dev, info.st_ino), path))]
    if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        words += ["device", os.major(info.st_rdev), os.minor(info.st_rdev)]
    if stat.S_ISLNK(info.st_mode):
        words += ["to", repr(os.readlink(name, dir_fd=directory))]
    if stat.S_ISREG(info.st_mode):
        words += content(directory, name, info.st_size)
    for attribute, value in attributes(directory, name):
        words += [attribute + "=" + value]
    print(*words)
    return stat.S_ISDIR(info.st_mode)


def walk(root):
    stack = [(os.open(root, os.O_RDONLY), b".")]
    describe(stack[0][0], b".", b".")
    while stack:
        directory, path = stack.pop()
        for name in sorted(map(os.fsencode, os.listdir(directory))):
            below = path + b"/" + name
            if describe(directory, name, below):
                # Held until it is its turn: never more than one level of siblings.
                stack.append((os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory), below))
        os.close(directory)


walk(sys.argv[1])
