"""A shell command to its effects: the union over every program that it would start."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runner.commands.findings import (
    Action,
    Assign,
    Call,
    Chdir,
    Does,
    Finding,
    Source,
    Stdin,
    Touch,
)
from runner.commands.parse import parse
from runner.commands.paths import Ground, is_relative, is_temporary, names_everything, resolve, shape
from runner.commands.programs import lookup
from runner.commands.script import Redirect, Script
from runner.commands.words import Word
from runner.effects import Effect
from runner.scenarios.scenario import Scope

_DEEPEST = 8
"""Programs that start programs, and shells in shells, before the rest counts as unknown."""
_MOST_WORDS = 100_000
"""Looked at in all calls together."""
_MOST_TEXT = 150_000
"""Characters parsed in all shells together."""
_LONGEST_PATH = 4096
_MOST_TARGETS = 500
"""Links are followed from targets alone: a command with more of them counts as unknown."""
_MOST_FOLDERS = 8

_NOWHERE = ""
"""The folder that a shell is in when nobody knows which."""
_LOADERS = re.compile(r"PATH|LD_\w+|BASH_ENV|ENV|PROMPT_COMMAND|PS4|SHELLOPTS|BASHOPTS")
_STARTERS = re.compile(
    r"\w*PAGER|\w*EDITOR|VISUAL|BROWSER|LESSOPEN|BASH_FUNC_.*"
    r"|GIT_(?!AUTHOR_|COMMITTER_|TERMINAL_PROMPT$|OPTIONAL_LOCKS$).*"
)
_TAME = ("", "cat", "less", "more", "true", ":")
_SOCKET = re.compile(r"/dev/(?:tcp|udp)/([^/]*)")
_CLIMB = re.compile(r"(?:^|/)(?!\.{1,2}/)[^/]+/+(?:\./+)*\.\.(?:/|$)")
"""`name/..`, which is elsewhere where the name is a link."""
_DESCRIPTOR = re.compile(r"\d+-?|-")
_PROGRAM_FOLDERS = re.compile(r"(?:.*/)?s?bin/")


@dataclass(frozen=True)
class CommandReach:
    """What a command would do."""

    effects: frozenset[Effect]
    targets: tuple[str, ...]
    """Paths, hosts and programs that it touches, for people."""


def classify(command: str, scope: Scope, workspace: str = "/workspace") -> CommandReach:
    """Judges a bash command that starts in the workspace, without running it; never raises."""
    judge = _Judge(scope, workspace)
    judge.source(command, frozenset({judge.ground.workspace}), 0)
    return CommandReach(frozenset(judge.effects) or frozenset({Effect.READ}), tuple(judge.targets))


@dataclass(frozen=True, slots=True)
class _Around:
    """Where a call stands."""

    folders: frozenset[str]
    """In any of which the shell may be."""
    depth: int
    functions: frozenset[str] = frozenset()
    redirects: tuple[Redirect, ...] = ()


class _Judge:
    """Collects effects and targets while it walks a command."""

    def __init__(self, scope: Scope, workspace: str) -> None:
        self.ground = Ground(scope, workspace)
        self.effects: set[Effect] = set()
        self.targets: dict[str, None] = {}
        self._words = 0
        self._text = 0

    def source(self, text: str, folders: frozenset[str], depth: int) -> frozenset[str]:
        """Judges shell text; the folders where its shell ends up."""
        self._text += len(text)
        if depth and self._text > _MOST_TEXT:
            self._add({Effect.UNKNOWN}, "too much to follow")
            return folders
        ends = folders
        for script in parse(text):
            ends = ends | self._script(script, folders, depth)
        return ends

    def _script(self, script: Script, folders: frozenset[str], depth: int) -> frozenset[str]:
        if script.broken:
            self._add({Effect.UNKNOWN})
        if script.bomb:
            self._add({Effect.WIDE_DELETION}, "fork bomb")
        shells: dict[tuple[int, ...], frozenset[str]] = {(): folders}
        for each in script.invocations:
            outer = next(each.shell[:size] for size in range(len(each.shell), -1, -1) if each.shell[:size] in shells)
            here = shells.setdefault(each.shell, shells[outer])
            around = _Around(here, depth, script.functions, each.redirects)
            for redirect in each.redirects:
                self._redirect(redirect, around)
            for name, value in each.assignments:
                self._assign(name, value, around)
            moved = self._call(each.words, around) if each.words else here
            shells[each.shell] = moved if each.certain else _few(moved | here)
        return shells[()]

    def _call(self, words: tuple[Word, ...], around: _Around) -> frozenset[str]:
        """Judges a program with its arguments; the folders where the shell is afterwards."""
        self._words += 1 + len(words)
        if not words or self._words > _MOST_WORDS or around.depth > _DEEPEST:
            self._add({Effect.UNKNOWN}, "too much to follow" if words else "")
            return around.folders
        program, args = words[0], words[1:]
        name = program.text
        if not program.known or (program.glob and name not in ("[", "[[")):
            self._add({Effect.UNKNOWN}, name)
            return around.folders
        handler = lookup(name)
        if "/" in name:
            handler = lookup(name.rsplit("/", 1)[1]) if _PROGRAM_FOLDERS.match(name) else None
            if self._is_own(name, around):
                self._add({Effect.RUN}, name)
                for word in args:
                    self._touch(Touch(word, Action.MENTION), around)
                handler = handler or _nothing
        if handler is None and name not in around.functions:
            self._add({Effect.UNKNOWN}, name)
        for finding in handler(name.rsplit("/", 1)[-1], args) if handler else ():
            around = replace(around, folders=self._judge(finding, around))
        return around.folders

    def _is_own(self, program: str, around: _Around) -> bool:
        """The program lies in the workspace or the temporary folder."""
        if is_relative(program) and _NOWHERE in around.folders:
            return False
        paths = [resolve(program, folder) for folder in around.folders]
        return all(self.ground.relative(path) is not None or is_temporary(path) for path in paths)

    def _judge(self, finding: Finding, around: _Around) -> frozenset[str]:
        match finding:
            case Does(effects, target):
                self._add(set(effects), target)
            case Touch():
                self._touch(finding, around)
            case Assign(name, value):
                self._assign(name, value, around)
            case Chdir(word):
                return self._moved(word, around)
            case Call(words, cwd):
                inner = around if cwd is None else replace(around, folders=self._moved(cwd, around))
                moved = self._call(words, replace(inner, depth=around.depth + 1))
                return moved if cwd is None else around.folders
            case Source(word, here):
                if not word.known:
                    self._add({Effect.UNKNOWN}, word.text)
                moved = self.source(word.text, around.folders, around.depth + 1)
                return _few(moved) if here else around.folders
            case Stdin():
                self._stdin(around)
        return around.folders

    def _stdin(self, around: _Around) -> None:
        given = [redirect for redirect in around.redirects if redirect.operator in ("<", "<<", "<<<")]
        if not given:
            self._add({Effect.UNKNOWN}, "a shell's standard input")
        elif given[-1].operator == "<":
            self._add({Effect.RUN}, given[-1].target.text)
        else:
            self._judge(Source(given[-1].target), around)

    def _moved(self, word: Word | None, around: _Around) -> frozenset[str]:
        if word is None or not word.known or word.glob or len(word.text) > _LONGEST_PATH:
            return frozenset({_NOWHERE})
        self._touch(Touch(word, Action.MENTION), around)
        relative = is_relative(word.text)
        return frozenset(
            _NOWHERE if relative and folder == _NOWHERE else resolve(word.text, folder) for folder in around.folders
        )

    def _assign(self, name: str, value: Word, around: _Around) -> None:
        """A variable that steers other programs counts as what it lets them do."""
        self._touch(Touch(value, Action.MENTION), around)
        if _LOADERS.fullmatch(name):
            self._add({Effect.RUN}, name)
        elif _STARTERS.fullmatch(name) and not (value.known and value.text in _TAME):
            self._add({Effect.UNKNOWN}, name)

    def _redirect(self, redirect: Redirect, around: _Around) -> None:
        operator, target = redirect.operator, redirect.target
        if operator in ("<<", "<<<") or (operator in (">&", "<&") and _DESCRIPTOR.fullmatch(target.text)):
            return
        socket = _SOCKET.match(target.text)
        if socket:
            self._add({Effect.NETWORK}, socket[1])
        else:
            self._touch(Touch(target, Action.READ if operator in ("<", "<&") else Action.WRITE), around)

    def _touch(self, touch: Touch, around: _Around) -> None:
        word, action = touch.word, touch.action
        if len(word.text) > _LONGEST_PATH:
            word = Word("", known=False)
        text, glob = (word.text, word.glob) if word.known else (shape(word.text), True)
        changes = action in (Action.WRITE, Action.DELETE)
        if action is Action.DELETE and touch.tree and word.known and names_everything(text):
            self._add({Effect.WIDE_DELETION}, text)
            return
        for folder in around.folders:
            lost = folder == _NOWHERE and is_relative(text)
            path = resolve(text, folder or self.ground.workspace)
            if self.ground.is_secret(path, glob):
                self._add({Effect.SECRETS}, self._shown(path))
            elif changes and (lost or not word.known):
                self._add({Effect.UNKNOWN}, word.text or "an unknown path")
            elif action is not Action.MENTION:
                effects = self.ground.effects(path, action, tree=touch.tree, glob=glob)
                self._add(effects, self._shown(path) if word.known and effects else "")
                if word.known and effects and _CLIMB.search(text):
                    self._add(set(), self._shown(f"{folder}/{text}" if is_relative(text) else text))

    def _shown(self, path: str) -> str:
        return self.ground.relative(path) or path

    def _add(self, effects: set[Effect], target: str = "") -> None:
        self.effects |= effects
        if target and target not in self.targets and len(self.targets) >= _MOST_TARGETS:
            self.effects.add(Effect.UNKNOWN)
        elif target:
            self.targets.setdefault(target[:_LONGEST_PATH])


def _nothing(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    return iter(())


def _few(folders: frozenset[str]) -> frozenset[str]:
    return folders if len(folders) <= _MOST_FOLDERS else frozenset({_NOWHERE})
