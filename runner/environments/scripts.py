"""What package.json's scripts say of how tests are run: which runner, with which options, after what."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.environments.files import table
from runner.environments.requirements import words
from runner.scenarios.repo import FrameworkName

MAX_DEPTH = 5
"""Scripts that call one another."""
MAX_TEXT = 4000
"""Characters of one script that are read."""
WRAPPERS = frozenset({"npx", "c8", "nyc", "cross-env", "env", "dotenv", "exec", "pnpm", "yarn", "--"})
JEST_OPTIONS = {"--config", "-c", "--env", "--rootDir", "--roots", "--preset", "--selectProjects", "--testMatch"}
VITEST_OPTIONS = {"--config", "-c", "--dir", "--root", "-r", "--environment", "--project", "--globals"}
NODE_OPTIONS = {"--import", "--loader", "--experimental-loader", "--require", "-r", "-C", "--conditions"}
KEPT: Mapping[str, set[str]] = {"jest": JEST_OPTIONS, "vitest": VITEST_OPTIONS, "node": NODE_OPTIONS}
"""Options that say what tests are or how they are loaded; others are about reports and watching."""
LONG = {"-c": "--config", "-r": "--require", "-C": "--conditions"}
FLAGS = re.compile(r"--(experimental-[\w-]+|no-experimental-[\w-]+|enable-source-maps|expose-gc|harmony[\w-]*)")
BUILDS = re.compile(
    r"\b(?:(?:npm|pnpm|yarn)(?: run)? (?:build|compile|bundle|transpile|prepare)[\w:-]*|tsc|tsup|unbuild|rollup|webpack"
    r"|esbuild|babel|swc|tsdown|rolldown)(?![\w./-])(?!.*--noEmit)"
)
"""Commands that make other files of the source."""


@dataclass(frozen=True)
class Run:
    """The command of a script that runs tests."""

    framework: FrameworkName
    args: tuple[str, ...]
    paths: tuple[str, ...]
    variables: Mapping[str, str]
    build: str
    """The command before it that makes files of the source; empty where there is none."""


def test_run(told: Mapping[str, Any]) -> Run | None:
    """The first command of `scripts.test`, or of what it calls, that runs tests with a known runner."""
    scripts = {name: str(text)[:MAX_TEXT] for name, text in table(told, "scripts").items()}
    build = ""
    for command in commands(scripts, "test"):
        found = _run(command, build)
        if found is not None:
            return found
        text = " ".join(command)
        build = build or (text if BUILDS.search(text) else "")
    return None


def commands(scripts: Mapping[str, str], name: str, depth: int = 0) -> Iterator[list[str]]:
    """A script's commands in the order in which they run, each with those that it calls by `npm run`."""
    for each in (f"pre{name}", name, f"post{name}"):
        for part in re.split(r"&&|\|\||;|\|", scripts.get(each, "")):
            command = words(part)
            yield command
            if depth < MAX_DEPTH:
                for called in _called(command, scripts):
                    yield from commands(scripts, called, depth + 1)


def _called(command: Sequence[str], scripts: Mapping[str, str]) -> list[str]:
    """The scripts that a command runs: `npm run a`, `yarn a`, `run-s a b:*`."""
    names = [word for word in command if "=" not in word and not word.startswith("-")]
    if names[:1] in (["npm"], ["pnpm"], ["yarn"]):
        return [name for name in names[1:3] if name in scripts and name != "run"][:1]
    if names[:1] in (["run-s"], ["run-p"], ["npm-run-all"]):
        patterns = [re.escape(name).replace(r"\*\*", ".*").replace(r"\*", "[^:]*") for name in names[1:]]
        return [name for pattern in patterns for name in scripts if re.fullmatch(pattern, name)]
    return []


def _run(command: Sequence[str], build: str) -> Run | None:
    variables: dict[str, str] = {}
    rest = list(command)
    while rest and (rest[0] in WRAPPERS or rest[0].startswith("-") or re.match(r"[A-Z_][A-Z0-9_]*=", rest[0])):
        name, mark, value = rest.pop(0).partition("=")
        if mark and not name.startswith("-") and name != "CI":
            variables[name] = value
    if not rest:
        return None
    tool, *more = rest
    if posixpath.basename(tool) == "node":
        place = next((at for at, word in enumerate(more) if _tool(word)), None)
        if place is not None:
            variables["NODE_OPTIONS"] = " ".join([variables.get("NODE_OPTIONS", ""), *_taken("node", more[:place])[0]])
            tool, more = more[place], more[place + 1 :]
        elif not any(word == "--test" for word in more):
            return None
    framework = _tool(tool) or ("node" if posixpath.basename(tool) == "node" else None)
    if framework is None:
        return None
    args, paths = _taken(framework, more)
    variables = {name: value.strip() for name, value in variables.items() if value.strip()}
    return Run(framework, tuple(args), tuple(paths), variables, build)


def _tool(word: str) -> FrameworkName | None:
    name = re.sub(r"\.[cm]?js$", "", posixpath.basename(word))
    if name == "vitest":
        return "vitest"
    return "jest" if name == "jest" else None


def _taken(framework: FrameworkName, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options that are kept, each as one word, and the paths; names of what is run by name are no paths."""
    args: list[str] = []
    paths: list[str] = []
    place = 0
    while place < len(arguments):
        word = arguments[place]
        place += 1
        name, mark, _ = word.partition("=")
        if name in KEPT[framework]:
            if not mark and place < len(arguments):
                word, place = f"{LONG.get(name, name)}={arguments[place]}", place + 1
            args.append(word)
        elif FLAGS.fullmatch(name) and framework == "node":
            args.append(word)
        elif not word.startswith("-") and _is_path(word):
            paths.append(posixpath.normpath(word))
    return args, paths


def _is_path(word: str) -> bool:
    """Whether a word names files from the root; what follows an unknown option may do so by chance."""
    return bool(re.fullmatch(r"(?!/|\.\.)[\w@.*/{},-]*[./*][\w@.*/{},-]*", word))
