"""Runs inside a sandbox that grades: each of Node's test files in a process of its own, and a report of them all.

    python -c TEXT REPORTER REPORT SECONDS PATHS ARGUMENT…

This file's text is given to Python; it needs the standard library and `node` alone. REPORTER is a JavaScript module
as a `data:` URL (`reporter.mjs`), REPORT the path of the JUnit XML to write, SECONDS what one test may take, PATHS a
JSON list of files, folders and globs (Node's own choice of files where it is empty), the rest goes to Node.

Product code never writes the report: results come over a socket, and before the report is written every process that
the tests left is killed.
"""

import contextlib
import ctypes
import glob
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO

AT_ONCE = 2
SHOWN = 4000
"""Characters of a failed file's output."""
SCRIPT = re.compile(r".*\.[cm]?js")
TEST = re.compile(r"(.*[.\-_]test|test-.*|test)\.[cm]?js")
"""What Node takes for a test outside of folders called `test`."""
BEGIN = "import(process.execArgv.find((e) => e.startsWith('--test-reporter=')).slice(16)).then(({ begin }) => begin())"
WHOLE = "the whole file"
"""The name under which what concerns no single test is reported."""
PR_SET_CHILD_SUBREAPER = 36
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class File:
    """One test file's run: what its process says, and what may be believed of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.cases: list[tuple[str, str, str]] = []
        """Name, outcome, what is said of it."""
        self.waiting: Counter[str] = Counter()
        """Tests of the top level that are known and have not ended."""
        self.above: list[str] = []
        self.loaded = self.ended = self.forged = False
        self.trouble = ""

    def hear(self, kind: str, *fields: object) -> None:
        """Takes one record of `reporter.mjs`. Raises ValueError, TypeError or IndexError for what is none."""
        if kind == "enqueue" and fields[0] == 0:
            self.waiting[str(fields[1])] += 1
        elif kind == "start":
            nesting, name = int(str(fields[0])), str(fields[1])
            self.above[nesting:] = [name]
        elif kind == "result":
            self._result(*fields)
        elif kind == "loaded":
            self.loaded = True
        elif kind == "broken":
            self.trouble = str(fields[0])
        elif kind == "end":
            self.ended = True
            self.forged = self.forged or fields[0] is not True

    def _result(self, *fields: object) -> None:
        nesting, name, passed, suite, aside, failure, _, text = fields
        depth = int(str(nesting))
        if depth == 0:
            self.waiting[str(name)] -= 1
        if suite and (passed or failure == "subtestsFailed"):
            return
        outcome = "skipped" if aside else "passed" if passed is True else "failure"
        self.cases.append((" > ".join([*self.above[:depth], str(name)]), outcome, str(text)))

    def finish(self, status: str, code: int | None) -> None:
        """Settles what is still open once the process has ended; `code` is None for one that was killed."""
        missing = [name for name, count in self.waiting.items() if count > 0]
        if self.forged:
            self._spoil("product code reached into the test runner", lambda name: True)
        elif not self.loaded:
            self._spoil(self.trouble or f"the file was not loaded to its end: {status}", lambda name: True)
        elif missing:
            said = f"the test did not end: {status}"
            self._spoil(said, lambda name: any(name == each or name.startswith(f"{each} > ") for each in missing))
            self.cases += [(name, "error", said) for name in missing]
        elif code and all(outcome in ("passed", "skipped") for _, outcome, _ in self.cases):
            self.trouble = status
        if self.trouble or self.forged or not self.loaded:
            self.cases.append((WHOLE, "error", self.trouble or status))

    def _spoil(self, why: str, concerned: Callable[[str], bool]) -> None:
        self.cases = [
            (name, "error", why) if outcome == "passed" and concerned(name) else (name, outcome, text)
            for name, outcome, text in self.cases
        ]


def main() -> None:
    reporter, report, seconds, paths, *arguments = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    files = [File(path) for path in found(json.loads(paths))]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda file: run(file, [f"--test-reporter={reporter}", *arguments], float(seconds)), files))
    kill_all()
    write(report, [(file.path, *case) for file in files for case in file.cases])
    bad = sum(outcome in ("failure", "error") for file in files for _, outcome, _ in file.cases)
    print(f"{sum(len(file.cases) for file in files)} tests in {len(files)} files, {bad} of them failed")
    sys.exit(1 if bad else 0)


def found(paths: list[str]) -> list[str]:
    """The test files that `paths` stand for, relative to the working directory, in order."""
    chosen: set[str] = set()
    for path in paths:
        for each in glob.glob(path, recursive=True):
            chosen.update(_below(each, "") if os.path.isdir(each) else [each])
    return sorted(os.path.normpath(path) for path in chosen or (() if paths else _below(".", "")))


def _below(folder: str, above: str) -> list[str]:
    """What Node takes for tests in a folder: files by their names, every script in a folder called `test`."""
    tests: list[str] = []
    inside = os.path.basename(os.path.abspath(folder)) == "test" or above == "test"
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "node_modules" and not entry.name.startswith("."):
                tests += _below(entry.path, "test" if inside else "")
        elif (SCRIPT if inside else TEST).fullmatch(entry.name) and entry.is_file():
            tests.append(entry.path)
    return tests


def run(file: File, options: list[str], seconds: float) -> None:
    """Run one test file; a process from which nothing is heard for `seconds` is killed."""
    ours, theirs = socket.socketpair()
    secret = secrets.token_hex(16).encode()
    ours.sendall(secret)
    ours.settimeout(seconds)
    with tempfile.TemporaryFile() as output, ours:
        with theirs:
            command = ["node", *options, "--test-reporter-destination=stdout"]
            process = subprocess.Popen(
                [*command, "-e", BEGIN, os.path.abspath(file.path)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "TASKFIT_CHANNEL": str(theirs.fileno())},
                start_new_session=True,
            )
        code: int | None = None
        try:
            listen(file, ours, secret)
            code = process.wait(seconds)
            status = f"its process ended with exit code {code}"
        except (TimeoutError, subprocess.TimeoutExpired):
            status = f"nothing was heard of it for {seconds:g} s, and it was killed"
        kill_group(process.pid)
        process.wait()
        file.finish(status, code)
        show(file, output)


def listen(file: File, channel: socket.socket, secret: bytes) -> None:
    """Hear a process out. A line without the secret is none of the reporter's: no other one is heard after it."""
    with channel.makefile("rb") as lines:
        for line in lines:
            try:
                if not line.startswith(secret):
                    raise ValueError
                file.hear(*json.loads(line[len(secret) :]))
            except (ValueError, TypeError, IndexError):
                file.forged = True
                return


def show(file: File, output: IO[bytes]) -> None:
    """Print the end of what a file printed, and what failed in it."""
    bad = [case for case in file.cases if case[1] in ("failure", "error")]
    if not bad:
        return
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - SHOWN))
    said = output.read().decode("utf-8", "replace")
    parts = [f"--- {file.path}", said, *(f"{name}: {outcome}\n{text[:SHOWN]}" for name, outcome, text in bad)]
    print("\n".join(part for part in parts if part), flush=True)


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


if __name__ == "__main__":
    main()
