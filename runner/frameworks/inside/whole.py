"""Runs inside a sandbox that grades: Jest or Vitest over a whole suite, and a report of it.

    python -c TEXT TOOL CHANNEL REPORTER REPORT SECONDS CHOSEN ARGUMENT…

The text of `process.py` goes before this one's; both need the standard library and the project's own TOOL (`jest` or
`vitest`) alone. CHANNEL and REPORTER are the texts of `channel.mjs` and of the tool's reporter, REPORT the path of the
JUnit XML to write, SECONDS what one test may take, CHOSEN a JSON list of what the tool is to run (all where it is
empty); the rest is the tool's.

The reporter works in the tool's main process, product code in its workers. Where a worker hangs, everything is killed,
and the files that had not had their turn are run once more without those that hung.
"""

import json
import os
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from runner.frameworks.inside.process import WHOLE, Case, Forged, adopt, converse, kill_all, write

STARTING = 60.0
"""Seconds that the tool may take before the first file."""
LOADING = 15.0
"""Seconds that may pass beside a test's own: loading, transforming and ending a file."""
SHOWN = 12_000
"""Characters of the tool's output."""
OPTIONS = {
    "jest": ("--ci", "--maxWorkers=2", "--coverage=false", "--watchAll=false", "--passWithNoTests"),
    "vitest": ("--pool=forks", "--maxWorkers=2", "--coverage.enabled=false", "--passWithNoTests"),
}
MEMORY = "--workerIdleMemoryLimit=4GB"
"""Jest never runs tests in its main process where its workers' memory has a limit, which it may have since 29.1; older
ones do so only for a single file, and control tests are always more than one."""
REPORTERS = {"jest": "reporters", "vitest": "reporter"}
LIST = {"jest": ("--listTests", "--json"), "vitest": ("list", "--filesOnly", "--json")}


class Suite:
    """What is known of each test file."""

    def __init__(self) -> None:
        self.live: dict[str, list[Case]] = {}
        """Files that were started, and which of their tests have ended."""
        self.ended: dict[str, list[Case]] = {}
        self.planned: list[str] = []
        """Files of the suite, where the tool tells no other way (Vitest 1)."""
        self.whole = False
        """The last run came to its own end."""

    def hear(self, kind: str, *fields: object) -> None:
        """Takes one record of a reporter. Raises ValueError, TypeError or IndexError for what is none."""
        if kind == "start":
            self.live.setdefault(str(fields[0]), [])
        elif kind == "planned":
            self.planned.append(str(fields[0]))
        elif kind == "case":
            file, name, outcome, text = map(str, fields)
            self.live.setdefault(file, []).append((name, outcome, text))
        elif kind == "file":
            path, cases, trouble = fields
            self.ended[str(path)] = [(str(name), str(outcome), str(text)) for name, outcome, text in list_of(cases)]
            if trouble:
                self.ended[str(path)].append((WHOLE, "error", str(trouble)))
        elif kind == "end":
            self.whole = True

    def silence(self, seconds: float) -> float:
        return seconds + (LOADING if self.live else STARTING)

    def give_up(self, status: str) -> None:
        """Settle the files that were running: what had passed in them counts as an error."""
        for file in [file for file in self.live if file not in self.ended]:
            cases = [
                (name, "error" if outcome == "passed" else outcome, text or status)
                for name, outcome, text in self.live[file]
            ]
            self.ended[file] = [*cases, (WHOLE, "error", status)]


def list_of(cases: object) -> list[tuple[object, object, object]]:
    if not isinstance(cases, list):
        raise TypeError
    return cases


def main() -> None:
    tool, channel, reporter, report, seconds, chosen, *arguments = sys.argv[1:]
    adopt()
    suite = Suite()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        for name, text in {"channel": channel, "reporter": reporter}.items():
            with open(os.path.join(folder, f"{name}.mjs"), "w", encoding="utf-8") as file:
                file.write(text)
        own = [f"--testTimeout={max(1, int(float(seconds) * 1000))}", *OPTIONS[tool]]
        own += [f"--{REPORTERS[tool]}={folder}/reporter.mjs"]
        if tool == "jest" and version(tool) >= (29, 1):
            own.append(MEMORY)
        if tool == "vitest" and version(tool) < (2,):
            own.append("--minWorkers=1")
        play(suite, tool, json.loads(chosen), arguments, own, float(seconds), output)
        kill_all()
        cases = [(file, *case) for file, found in sorted(suite.ended.items()) for case in found]
        write(report, cases)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - SHOWN))
        print(output.read().decode("utf-8", "replace"))
    bad = [case for case in cases if case[2] in ("failure", "error")]
    print("\n".join(f"{file}: {name}: {outcome}\n{text[:2000]}" for file, name, outcome, text in bad))
    print(f"{len(cases)} tests in {len(suite.ended)} files, {len(bad)} of them failed")
    sys.exit(1 if bad or not suite.whole else 0)


def play(
    suite: Suite, tool: str, chosen: list[str], arguments: list[str], own: list[str], seconds: float, output: IO[bytes]
) -> None:
    """Run what is chosen; where that breaks off, what has not had its turn once more, as long as that helps."""
    command = [*program(tool), *(["run"] if tool == "vitest" else [])]
    wanted = chosen
    while True:
        known = len(suite.ended)
        suite.whole = False
        try:  # what to run comes first: some of Jest's options take every word after them
            argv = [*command, *wanted, *arguments, *own]
            status, _ = converse(argv, suite.hear, lambda: suite.silence(seconds), output)
        except Forged:
            suite.ended.clear()
            suite.give_up("somebody else than the test runner reported")
            return
        suite.give_up(status)
        if suite.whole or len(suite.ended) == known:
            return
        files = listed(tool, [*chosen, *arguments]) or sorted({*suite.planned})
        left = [file for file in files if file not in suite.ended]
        if not left:
            return
        wanted = [*left, "--runTestsByPath"] if tool == "jest" else left


def program(tool: str) -> list[str]:
    """The project's own copy of the tool, in its folder or one above."""
    folder = os.getcwd()
    while True:
        path = os.path.join(folder, "node_modules", ".bin", tool)
        if os.path.exists(path):
            return [path]
        if folder == os.path.dirname(folder):
            sys.exit(f"node_modules/.bin/{tool} is not there; let [environment] install = ['npm ci'] install it")
        folder = os.path.dirname(folder)


def version(tool: str) -> tuple[int, ...]:
    """The tool's version; none where its package.json does not say."""
    folder = os.path.dirname(os.path.realpath(program(tool)[0]))
    for place in (folder, os.path.dirname(folder)):
        try:
            with open(os.path.join(place, "package.json"), encoding="utf-8") as file:
                return tuple(int(part) for part in str(json.load(file)["version"]).split("-")[0].split("."))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ()


def listed(tool: str, arguments: list[str]) -> list[str]:
    """The files of the suite, relative to the working directory; none where the tool does not say."""
    found = subprocess.run(
        [*program(tool), *LIST[tool], *arguments], capture_output=True, timeout=STARTING, check=False
    )
    try:
        names = json.loads(found.stdout)
    except ValueError:
        return []
    return sorted(os.path.relpath(each["file"] if isinstance(each, dict) else each) for each in names)


if __name__ == "__main__":
    main()
