"""Runs inside a sandbox that grades: what the launchers of JavaScript's test runners share.

Its text goes before a launcher's, in one and the same program (`runner.frameworks.javascript.launcher`). A process that
runs tests reports over a socket, one JSON array a line, each behind a secret that it reads from that socket first.
Product code never writes the report: before that is written, every process that the tests left is killed.
"""

import contextlib
import ctypes
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import IO

WHOLE = "the whole file"
"""The name under which what concerns no single test is reported."""
PR_SET_CHILD_SUBREAPER = 36
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Case = tuple[str, str, str]
"""A test's name, its outcome (`passed`, or a tag of JUnit: `failure`, `error`, `skipped`), what is said of it."""


class Forged(Exception):
    """Somebody else than the reporter wrote to the channel."""


def adopt() -> None:
    """Make orphans of this process's descendants its own children."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def converse(
    command: list[str], hear: Callable[..., object], silence: Callable[[], float], output: IO[bytes]
) -> tuple[str, int | None]:
    """Run a process that reports, and hear it out: a sentence on its end, and its exit code, None for one killed.

    One of which nothing is heard for `silence()` seconds is killed. Raises Forged once it has ended.
    """
    ours, theirs = socket.socketpair()
    secret = secrets.token_hex(16).encode()
    ours.sendall(secret)
    with ours:
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "TASKFIT_CHANNEL": str(theirs.fileno())},
                start_new_session=True,
            )
        try:
            listen(ours, secret, hear, silence)
            code = process.wait(silence())
            return f"its process ended with exit code {code}", code
        except (TimeoutError, subprocess.TimeoutExpired):
            return f"nothing was heard of it for {silence():g} s, and it was killed", None
        finally:
            kill_group(process.pid)
            process.wait()


def listen(channel: socket.socket, secret: bytes, hear: Callable[..., object], silence: Callable[[], float]) -> None:
    """Pass each record on. A line without the secret is none of the reporter's: no other one is heard after it."""
    channel.settimeout(silence())
    with contextlib.suppress(ConnectionError), channel.makefile("rb") as lines:
        for line in lines:
            try:
                if not line.startswith(secret):
                    raise Forged
                hear(*json.loads(line[len(secret) :]))
            except (ValueError, TypeError, IndexError):
                raise Forged from None
            channel.settimeout(silence())


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_all() -> None:
    """Kill whatever the tests left running; orphans have become this process's own children."""
    while left := children():
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def children() -> list[int]:
    """Running processes below this one, from /proc."""
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state not in b"ZX":
            parents[int(name)] = int(parent)
    ours, grown = {os.getpid()}, True
    while grown:
        more = {process for process, parent in parents.items() if parent in ours} - ours
        ours |= more
        grown = bool(more)
    return sorted(ours - {os.getpid()})


def write(report: str, cases: list[tuple[str, str, str, str]]) -> None:
    """Write JUnit XML: `file`, name, outcome, text of each case."""
    suite = ET.Element("testsuite", name="node", tests=str(len(cases)))
    for file, name, outcome, text in cases:
        case = ET.SubElement(suite, "testcase", classname="", file=clean(file), name=clean(name) or "<anonymous>")
        if outcome != "passed":
            ET.SubElement(case, outcome, message=clean(text.partition("\n")[0])[:200]).text = clean(text)
    os.makedirs(os.path.dirname(report), exist_ok=True)
    ET.ElementTree(suite).write(report, encoding="utf-8", xml_declaration=True)


def clean(text: str) -> str:
    r"""`text` with what XML cannot hold as its escape, as in `\x1b`."""
    return NOT_IN_XML.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)
