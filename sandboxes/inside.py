"""Runs inside a sandbox as its first process: serves reads, writes and commands over standard input and output.

This file's text is given to the sandbox's own Python, so it stands alone: the standard library, Python 3.8 or newer.
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
import selectors
import stat
import struct
import subprocess
import sys
import time
from typing import Any

LENGTHS = struct.Struct(">II")
PR_CAPBSET_DROP = 24
LAST_CAPABILITY = 63
GRACE = 0.1
"""Seconds to wait for more output once a command has ended while something it left behind holds its output open."""
KILL_SECONDS = 10.0
WATCHED = ("/workspace", "/home", "/var/tmp", "/run/lock")
"""Where the model's user can write to the disk; /tmp and /dev/shm are in memory and bounded by the engine."""
DISK_STEP = 64 << 20
"""Bytes by which the disk must have filled before somebody looks who did it."""
IDLE_SECONDS = 0.2
MAX_PATH = 4096
"""Linux's PATH_MAX, in bytes."""


class Disk:
    """What a user has written, bounded where the engine's storage driver cannot bound it."""

    def __init__(self, uid: int, limit: int) -> None:
        self.uid, self.limit = uid, limit
        self.free = self.available()
        self.again = 0.0

    def exceeded(self) -> bool:
        """Whether more than the limit has been written; cheap while the disk does not fill."""
        free, now = self.available(), time.monotonic()
        self.free = max(self.free, free)
        if not self.limit or free > self.free - DISK_STEP or now < self.again:
            return False
        used = sum(map(self.used, WATCHED))
        taken = time.monotonic() - now
        self.free, self.again = free, now + 10 * taken
        return used > self.limit

    def available(self) -> int:
        disk = os.statvfs("/")
        return disk.f_bfree * disk.f_frsize

    def used(self, place: str) -> int:
        total, folders = 0, [place]
        while folders:
            with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                        elif (found := entry.stat(follow_symlinks=False)).st_uid == self.uid:
                            total += found.st_blocks * 512
        return total


disk: Disk


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


class Kept:
    """The head and the tail of a command's output."""

    def __init__(self, limit: int) -> None:
        self.head_limit = limit * 2 // 3
        self.tail_limit = limit - self.head_limit
        self.head, self.tail, self.total = bytearray(), bytearray(), 0

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        room = self.head_limit - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        if data:
            self.tail += data
            if len(self.tail) > 2 * self.tail_limit + 65536:
                del self.tail[: -self.tail_limit]

    def result(self) -> tuple[bytes, bytes, int]:
        """Head, tail, and how many bytes are missing between them."""
        tail = bytes(self.tail[-self.tail_limit :])
        return bytes(self.head), tail, self.total - len(self.head) - len(tail)


def execute(request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """Run a command to its end, its time limit or the disk's."""
    started = time.monotonic()
    kept = Kept(request["limit"])
    try:
        process = subprocess.Popen(
            request["argv"],
            cwd=request["cwd"],
            env=request["env"],
            stdin=subprocess.PIPE if body else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=request["uid"],
            group=request["uid"],
            extra_groups=[],
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = f"cannot run {request['argv'][0]}: {error}".encode("utf-8", "replace")
        missing = getattr(error, "errno", None) == errno.ENOENT
        return {"exit_code": 127 if missing else 126, "head": len(said), "elided": 0}, said
    try:
        ended = follow(process, body, kept, started + request["timeout"])
        if ended:
            kill_all(request["uid"])
            process.wait()
    finally:
        for file in (process.stdin, process.stdout):
            if file:
                abandon(file)
    head, tail, elided = kept.result()
    code = process.returncode
    reply = {
        "exit_code": 124 if ended else code if code >= 0 else 128 - code,
        "timed_out": ended == "time",
        "disk_exceeded": ended == "disk",
        "head": len(head),
        "elided": elided,
    }
    return reply, head + tail


def follow(process: subprocess.Popen[bytes], body: bytes, kept: Kept, deadline: float) -> str:
    """Feed a process and keep its output until it ends; returns what came first: "time", "disk", or nothing."""
    pending = memoryview(body)
    ended = last = 0.0
    output = process.stdout
    assert output is not None
    with selectors.DefaultSelector() as selector:
        os.set_blocking(output.fileno(), False)
        selector.register(output, selectors.EVENT_READ)
        if process.stdin:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                return "time"
            if disk.exceeded():
                return "disk"
            if not ended and process.poll() is not None:
                ended = last = now
            if ended and (now - last >= GRACE or now - ended >= 10 * GRACE):
                return ""
            for key, _ in selector.select(min(deadline - now, 0.02 if ended else 0.05)):
                if key.fileobj is output:
                    data = receive(key.fd)
                    kept.feed(data or b"")
                    last = now
                    if data == b"":
                        close(selector, output)
                else:
                    pending = give(key.fd, pending)
                    if not pending:
                        close(selector, key.fileobj)
    while process.poll() is None:
        if time.monotonic() >= deadline:
            return "time"
        if disk.exceeded():
            return "disk"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(0.05, max(0.0, deadline - time.monotonic())))
    return ""


def close(selector: selectors.BaseSelector, file: Any) -> None:
    selector.unregister(file)
    abandon(file)


def abandon(file: Any) -> None:
    with contextlib.suppress(OSError):
        file.close()


def receive(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None


def give(descriptor: int, pending: memoryview) -> memoryview:
    """What is left to write; nothing when nobody reads any more."""
    try:
        return pending[os.write(descriptor, pending[:65536]) :]
    except BlockingIOError:
        return pending
    except OSError:
        return memoryview(b"")


def kill_all(uid: int) -> None:
    """Kill every process of a user, whatever session or group it hides in, and see them gone."""
    deadline = time.monotonic() + KILL_SECONDS
    while True:
        alive = processes(uid)
        if not alive:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(alive)} processes survived the time limit")
        for pid in alive:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
        time.sleep(0.002)


def processes(uid: int) -> list[int]:
    """The processes of a user that are not dead yet."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.stat(f"/proc/{name}").st_uid != uid and owner(name) != uid:
                continue
            with open(f"/proc/{name}/stat", "rb") as file:
                state = file.read().rpartition(b")")[2].split()[0]
        except OSError:
            continue
        if state not in (b"Z", b"X"):
            found.append(int(name))
    return found


def owner(pid: str) -> int:
    """The real user of a process; the folder's owner is root's for one that may not be dumped."""
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"Uid:"):
                return int(line.split()[1])
    return -1


def idle(uid: int) -> None:
    """Wait for a request; what was left running in the background may not fill the disk meanwhile."""
    while not select.select([0], [], [], IDLE_SECONDS)[0]:
        if disk.exceeded():
            kill_all(uid)


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


def main() -> None:
    uid = int(sys.argv[1])
    os.chdir("/")
    if not become(uid):
        send({"hello": False})
        return
    send({"hello": True})
    operations = {"read": read, "write": write, "exec": execute}
    while True:
        idle(uid)
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
    disk = Disk(int(sys.argv[1]), int(sys.argv[2]))
    main()
