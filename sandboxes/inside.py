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
    """Run a command to its end or its time limit."""
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
        finished = follow(process, body, kept, started + request["timeout"])
        if not finished:
            kill_all(request["uid"])
            process.wait()
    finally:
        for file in (process.stdin, process.stdout):
            if file:
                abandon(file)
    head, tail, elided = kept.result()
    code = process.returncode
    reply = {
        "exit_code": (code if code >= 0 else 128 - code) if finished else 124,
        "timed_out": not finished,
        "head": len(head),
        "elided": elided,
    }
    return reply, head + tail


def follow(process: subprocess.Popen[bytes], body: bytes, kept: Kept, deadline: float) -> bool:
    """Feed a process and keep its output until it ends; False when the deadline came first."""
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
                return False
            if not ended and process.poll() is not None:
                ended = last = now
            if ended and (now - last >= GRACE or now - ended >= 10 * GRACE):
                return True
            for key, _ in selector.select(min(deadline - now, 0.02 if ended else 0.2)):
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
    return wait_until(process, deadline)


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


def wait_until(process: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


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
