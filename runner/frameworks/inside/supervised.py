"""Inside a sandbox that grades: runs test programs that are not trusted, and writes what came of them as JUnit XML.

The programs run as the same user, so the supervisor keeps from them what they could use: nothing shows where the
report will be, nothing can read the supervisor's memory, and the report is written once every process that they left
has been seen dead. What is left to a program is what it says on its pipe.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
LINE_LIMIT = 1 << 16
"""Bytes; what is longer counts as several lines."""
TEXT_LIMIT = 20_000
"""Characters of output kept for one test."""
KILL_SECONDS = 5.0
CHANGED = 256
"""Instead of an exit status: the program is no longer the one that was built."""
SEVERITY = ("passed", "skipped", "failure", "error")


@dataclass
class Case:
    """What came of one test."""

    outcome: str
    """One of SEVERITY."""
    text: str = ""


@dataclass
class Cases:
    """File → name → outcome, the worst one where there are several."""

    found: dict[tuple[str, str], Case] = field(default_factory=dict)

    def add(self, file: str, name: str, outcome: str, text: str = "") -> None:
        known = self.found.get((file, name))
        if known is None or SEVERITY.index(outcome) > SEVERITY.index(known.outcome):
            self.found[file, name] = Case(outcome, text[-TEXT_LIMIT:])

    def write(self, report: str) -> None:
        """The report of the xunit1 family, in place at once or not at all."""
        suite = ElementTree.Element("testsuite")
        for (file, name), case in sorted(self.found.items()):
            element = ElementTree.SubElement(
                suite, "testcase", file=printable(file), classname="", name=printable(name)
            )
            if case.outcome != "passed":
                text = printable(case.text)
                ElementTree.SubElement(element, case.outcome, message=text.strip()[:200]).text = text
        os.makedirs(os.path.dirname(report) or ".", exist_ok=True)
        partial = f"{report}.partial"
        ElementTree.ElementTree(suite).write(partial, encoding="utf-8", xml_declaration=True)
        os.replace(partial, report)


def printable(text: str) -> str:
    """`text` with a question mark for each character that XML cannot hold."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def arguments() -> list[str]:
    """The command's arguments, which no other process can see from now on.

    The program starts itself anew and reads them from a pipe, since its command line can be read by every process.
    """
    if sys.argv[1:2] != ["--piped"]:
        shown = _read(f"/proc/{os.getpid()}/cmdline").split(b"\0")
        text = shown[shown.index(b"-c") + 1]
        reading, writing = os.pipe()
        os.write(writing, "\0".join(sys.argv[1:]).encode("utf-8", "surrogateescape"))
        os.close(writing)
        os.set_inheritable(reading, True)
        os.execv(sys.executable, [sys.executable.encode(), b"-c", text, b"--piped", str(reading).encode()])
    with open(int(sys.argv[2]), "rb") as pipe:
        given = pipe.read().decode("utf-8", "surrogateescape").split("\0")
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return given


def run(
    argv: list[str],
    cwd: str,
    env: Mapping[str, str],
    seconds: float,
    hear: Callable[[str], bool],
) -> int | None:
    """Run a program, hand each line of its output to `hear`; its exit status, None when the limit killed it.

    `seconds` start anew whenever `hear` says that the program got somewhere. What it leaves running is killed.
    """
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    deadline = time.monotonic() + seconds
    rest = b""
    try:
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([pipe], [], [], min(left, 0.1))[0]:
                if process.poll() is not None:
                    break
                continue
            if not (data := os.read(pipe, 1 << 16)):
                break
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LINE_LIMIT:
                lines, rest = [*lines, rest], b""
            for line in lines:
                if hear(line.decode("utf-8", "replace")):
                    deadline = time.monotonic() + seconds
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
        if rest:
            hear(rest.decode("utf-8", "replace"))
        return process.poll()
    finally:
        process.stdout.close()
        _kill_children()
        process.wait()


def ending(status: int | None) -> str:
    """How a run ended that did not end as it should."""
    if status is None:
        return "took longer than it may"
    if status == CHANGED:
        return "was not made: a test changed the test program"
    return f"broke off with exit status {status}" if status else "broke off with success"


def digest(path: str) -> str:
    """Of a file's content; empty where there is none."""
    try:
        return hashlib.sha256(_read(path)).hexdigest()
    except OSError:
        return ""


def blanked(source: str, tokens: re.Pattern[str]) -> str:
    """A source with what `tokens` finds (comments, literals) replaced by blanks, line by line in its place."""
    return tokens.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def source_of(path: str) -> str:
    """A source file's text; empty where there is none."""
    try:
        return _read(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _kill_children() -> None:
    """Kill every process that descends from this one: whoever loses its parent becomes a child of this process."""
    deadline = time.monotonic() + KILL_SECONDS
    while (children := list(_children())) and time.monotonic() < deadline:
        for child in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> Iterable[int]:
    own = os.getpid()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if int(_read(f"/proc/{name}/stat").rpartition(b")")[2].split()[1]) == own:
                yield int(name)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
