"""Inside a sandbox: its first process, which serves reads, writes and commands over standard input and output.

It belongs to root without rights over files, holds just enough to start processes as the model's user and to kill
them, and touches files with that user's rights, so that nothing the model starts can signal, trace or use it.

A message is two lengths (4 bytes each, big endian), a JSON object and raw bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import stat
import struct
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from sandboxes.inside.commands import execute
from sandboxes.inside.watch import Disk, kill_all

LENGTHS = struct.Struct(">II")
PR_CAPBSET_DROP = 24
LAST_CAPABILITY = 63
IDLE_SECONDS = 0.2
MAX_PATH = 4096
"""Linux's PATH_MAX, in bytes."""


def become(uid: int) -> bool:
    """Use files as `uid` from now on; give up what no child may inherit. False where the kernel does not play along."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    libc.setfsgid(uid)
    libc.setfsuid(uid)
    os.umask(0o022)
    return bool(libc.setfsuid(ctypes.c_uint(-1)) == uid and libc.setfsgid(ctypes.c_uint(-1)) == uid)


def read(request: dict[str, Any], _body: bytes) -> tuple[dict[str, Any], bytes]:
    """The first bytes of a regular file."""
    handle = os.open(request["path"], os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = os.fstat(handle).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, "is a directory")
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "not a regular file")
        parts, left = [], request["limit"]
        while left > 0:
            part = os.read(handle, min(left, 1 << 20))
            if not part:
                break
            parts.append(part)
            left -= len(part)
    finally:
        os.close(handle)
    return {}, b"".join(parts)


def write(request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Create or replace a file, and its folders."""
    path = request["path"]
    if len(os.fsencode(path)) >= MAX_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        view = memoryview(body)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)
    return {}, b""


def resolve(request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Where paths lead once links are followed; what does not exist stays as it is."""
    return {}, b"\0".join(map(real, body.split(b"\0")))


def real(path: bytes) -> bytes:
    try:
        return os.path.realpath(path)
    except OSError:  # a link that this user may not follow
        return os.path.abspath(path)


def idle(uid: int, disk: Disk) -> None:
    """Wait for a request; what was left running in the background may not fill the disk meanwhile."""
    while not select.select([0], [], [], IDLE_SECONDS)[0]:
        if disk.exceeded():
            kill_all(uid)
            disk.spare()


def take(size: int) -> bytes:
    """Exactly `size` bytes of standard input; ends the process when there are no more."""
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(header: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(header).encode()
    view = memoryview(LENGTHS.pack(len(text), len(body)) + text + body)
    while view:
        view = view[os.write(1, view) :]


def name_localhost() -> None:
    """An engine writes /etc/hosts for networks alone; without it nothing here knows `localhost`."""
    with contextlib.suppress(OSError), open("/etc/hosts", "w", encoding="ascii") as file:
        file.write(f"127.0.0.1 localhost {os.uname().nodename}\n")


def main() -> None:
    uid = int(sys.argv[1])
    disk = Disk(uid, int(sys.argv[2]))
    os.chdir("/")
    name_localhost()
    if not become(uid):
        send({"hello": False})
        return
    send({"hello": True})
    operations: dict[str, Callable[[dict[str, Any], bytes], tuple[dict[str, Any], bytes]]]
    operations = {"read": read, "write": write, "resolve": resolve, "exec": partial(execute, disk)}
    while True:
        idle(uid, disk)
        header, body = LENGTHS.unpack(take(LENGTHS.size))
        request = json.loads(take(header))
        body = take(body)
        try:
            send(*operations[request["op"]](request, body))
        except OSError as error:
            send({"errno": errno.errorcode.get(error.errno or 0, "EIO"), "message": error.strerror or str(error)})
        except ValueError as error:
            send({"errno": "EINVAL", "message": str(error)})
        except Exception as error:
            send({"failure": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
