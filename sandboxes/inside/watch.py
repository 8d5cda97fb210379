"""Inside a sandbox: what the model's user has running and has written, and the end of it."""

from __future__ import annotations

import contextlib
import os
import time

KILL_SECONDS = 10.0
WATCHED = ("/workspace", "/home", "/var/tmp", "/run/lock")
"""Where the model's user can write to the disk; /tmp and /dev/shm are in memory and bounded by the engine."""
DISK_STEP = 64 << 20
"""Bytes by which the disk must have filled before somebody looks who did it."""
SPARED = 1.5
"""Of the limit: what may be there after a kill. Each kill comes a moment too late, and may not gain anybody room."""


def kill_all(uid: int) -> None:
    """Kill every process of a user, whatever session or group it hides in, and see them gone.

    All at once, as that user: found and killed one after the other, a fork bomb would make them faster. Only the
    effective user changes, so that nobody gets a right to signal this process.
    """
    deadline = time.monotonic() + KILL_SECONDS
    while alive := processes(uid):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(alive)} processes survived the time limit")
        before = os.geteuid()
        os.seteuid(uid)
        try:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, 9)
        finally:
            os.seteuid(before)
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


class Disk:
    """What a user has written, bounded where the engine's storage driver cannot bound it."""

    def __init__(self, uid: int, limit: int) -> None:
        self.uid, self.limit = uid, limit
        self.allowed = self.left = limit
        """Bytes that the user may have written, and could still write when it was last counted."""
        self.free = self.available()
        self.counted = self.taken = 0.0
        """When it was last counted, and the seconds that it took."""

    def exceeded(self) -> bool:
        """Whether more than the limit has been written; cheap while the disk does not fill.

        Others fill the same disk. So there is a long rest between two counts, unless the disk has filled by what the
        user could still write.
        """
        free = self.available()
        self.free = max(self.free, free)
        filled = self.free - free
        rest = self.taken * (1 if filled >= self.left else 10)
        if not self.limit or filled < DISK_STEP or time.monotonic() < self.counted + rest:
            return False
        used = self.count()
        if used > self.allowed:
            return True
        self.allowed = max(self.limit, used)
        self.left = self.allowed - used
        return False

    def spare(self) -> None:
        """Everything that wrote was killed: what it has left may be deleted in peace, but not grow."""
        used = self.count()
        self.allowed = max(self.limit, min(used, int(self.limit * SPARED)))
        self.left = max(0, self.allowed - used)

    def count(self) -> int:
        """Bytes that the user has written."""
        self.free, began = self.available(), time.monotonic()
        used = sum(map(self.used, WATCHED))
        self.counted = time.monotonic()
        self.taken = self.counted - began
        return used

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
