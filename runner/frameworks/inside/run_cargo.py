"""Runs inside a sandbox: a Rust repository's tests, reported as JUnit XML.

Arguments: REPORT SECONDS N OPTION… M PATH… FILE…, that is, N options of `cargo test`, M files or folders whose targets
are to be tested (all when there are none), and files that are tested as well.

`cargo test --no-run` builds each target's test program, which is then run here. A run counts only when it ended as
libtest ends one; else each test runs alone. A target that does not build has its tests, read from the sources, as
errors. The texts of `supervised.py`, `libtest.py` and `cargo_targets.py` go before this one's.
"""

from __future__ import annotations

import os
import re
import sys

from runner.frameworks.inside.cargo_targets import (
    Target,
    build,
    cargo_path,
    home,
    named,
    settings,
    targets_of,
    tests_of,
    touch,
    wanted,
    workspaces,
)
from runner.frameworks.inside.libtest import LIBTEST, Listener
from runner.frameworks.inside.supervised import CHANGED, Cases, arguments, digest, ending, run, source_of

DOCTEST = re.compile(r"(.+?) - (.*?) ?\(line \d+\)")


def main() -> None:
    report, seconds, count, *rest = arguments()
    options, (paths, *rest) = rest[: int(count)], rest[int(count) :]
    chosen, more = rest[: int(paths)], rest[int(paths) :]
    root = os.path.realpath(os.getcwd())
    cases = Cases()
    built: list[tuple[list[Target], str]] = []
    for folder in workspaces(root):
        touch(folder)
        targets = [each for each in targets_of(folder) if wanted(each, root, chosen, more)]
        built.append((targets, build(folder, targets, options)))
    for targets, said in built:
        for target in targets:
            if target.program:
                test(target, float(seconds), root, cases)
            else:
                for file, name in tests_of(target, target.root, []):
                    cases.add(os.path.relpath(file, root), name, "error", f"{target.name} does not build\n{said}")
        if not chosen:
            doctests(targets, options, float(seconds), root, cases)
    cases.write(report)
    bad = [f"{file}::{name}" for (file, name), case in cases.found.items() if case.outcome in ("failure", "error")]
    print(f"{len(cases.found)} tests, not passed: {', '.join(sorted(bad)) or 'none'}")
    sys.exit(bool(bad) or not cases.found)


def test(target: Target, seconds: float, root: str, cases: Cases) -> None:
    """Run a target's tests, together and, where that goes wrong, each alone.

    A run that breaks off with success is no accident: what its tests then say alone is not believed either.
    """
    together, status = listen(target, [], seconds)
    if together.ended(status):
        note(together, target, root, cases)
        return
    for name in listed(target):
        heard, alone = (together, status) if status == 0 else listen(target, ["--exact", name], seconds)
        if heard is not together and heard.ended(alone):
            note(heard, target, root, cases)
        else:
            file, short = target.place(name)
            text = f"{name}: the test run {ending(alone)}\n{heard.text(name)}"
            cases.add(os.path.relpath(file, root), short, "error", text)


def listed(target: Target) -> list[str]:
    """The names of a test program's tests, as it tells them; none where it does not even do that."""
    lines: list[str] = []

    def hear(line: str) -> bool:
        lines.append(line)
        return False

    if digest(target.program) == target.digest:
        run([target.program, "--list", "--format=terse"], home(target), _environment(target), 10.0, hear)
    known = ["::".join(parts) for parts in named(target)]
    return list(dict.fromkeys([*known, *(line[: -len(": test")] for line in lines if line.endswith(": test"))]))


def listen(target: Target, options: list[str], seconds: float) -> tuple[Listener, int | None]:
    """One run of a test program: what was heard, and its exit status."""
    listener = Listener()
    if digest(target.program) != target.digest:
        return listener, CHANGED
    argv = [target.program, *LIBTEST, *options]
    return listener, run(argv, home(target), _environment(target), seconds, listener.hear)


def note(heard: Listener, target: Target, root: str, cases: Cases) -> None:
    for name, outcome in heard.outcomes.items():
        file, short = target.place(name)
        cases.add(os.path.relpath(file, root), short, outcome, heard.text(name))


def doctests(targets: list[Target], options: list[str], seconds: float, root: str, cases: Cases) -> None:
    """Run the examples in documentation, numbered in the order of their lines where an item has several."""
    for target in targets:
        if not target.program or target.kind != "lib" or not _documented(target):
            continue
        listener = Listener()
        argv = [cargo_path(), "test", "--doc", "--offline", "-p", target.package["name"], *options, "--", *LIBTEST]
        run(argv, home(target), _environment(target), seconds + 60, listener.hear)
        same: dict[str, int] = {}
        for name in sorted(listener.outcomes, key=_line):
            if match := DOCTEST.match(name):
                file = next(filter(os.path.isfile, (os.path.join(base, match[1]) for base in (home(target), root))), "")
                item = f"doc {match[2] or 'crate'}"
                same[file + item] = number = same.get(file + item, 0) + 1
                numbered = item if number == 1 else f"{item} {number}"
                cases.add(os.path.relpath(file or root, root), numbered, listener.outcomes[name], listener.text(name))


def _line(doctest: str) -> int:
    return int((re.findall(r"\(line (\d+)\)", doctest) or ["0"])[-1])


def _documented(target: Target) -> bool:
    """Whether a source file of the package has a block of code in a comment: building all of them takes a while."""
    for above, inside, files in os.walk(os.path.join(home(target), "src")):
        inside.sort()
        if any(re.search("//[/!].*(?:```|~~~)", source_of(os.path.join(above, name))) for name in files):
            return True
    return False


def _environment(target: Target) -> dict[str, str]:
    package = target.package
    told = {"MANIFEST_DIR": home(target), "PKG_NAME": package["name"], "PKG_VERSION": package["version"]}
    return {**settings(), **{f"CARGO_{name}": value for name, value in told.items()}, "RUSTC_BOOTSTRAP": "1"}


if __name__ == "__main__":
    main()
