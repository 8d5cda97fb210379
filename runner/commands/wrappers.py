"""Programs that start another one, and the shell's builtins that run text or change the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.commands.findings import (
    READS,
    RUNS,
    UNKNOWN,
    Action,
    Assign,
    Call,
    Chdir,
    Does,
    Finding,
    Handler,
    Source,
    Stdin,
    Touch,
    each,
    unknown,
)
from runner.commands.options import Options, options
from runner.commands.words import Word
from runner.effects import Effect

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASS|CRED", re.IGNORECASE)
_STANDARD_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})


@dataclass(frozen=True, slots=True)
class _Wrapper:
    valued: str = ""
    long: tuple[str, ...] = ()
    before: int = 0
    """Operands before the wrapped command."""


_WRAPPERS: dict[str, _Wrapper] = {
    "timeout": _Wrapper("ks", ("--kill-after", "--signal"), before=1),
    "nice": _Wrapper("n", ("--adjustment",)),
    "ionice": _Wrapper("cnp", ("--class", "--classdata")),
    "taskset": _Wrapper(before=1),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "time": _Wrapper("fo", ("--format", "--output")),
    "stdbuf": _Wrapper("ioe", ("--input", "--output", "--error")),
    "sudo": _Wrapper("ugpCDhrtTUR", ("--user", "--group", "--prompt", "--chdir", "--host")),
    "doas": _Wrapper("uC"),
    "exec": _Wrapper("a"),
    "command": _Wrapper(),
    "builtin": _Wrapper(),
    "coproc": _Wrapper(),
    "busybox": _Wrapper(),
    "toybox": _Wrapper(),
}


def _wrapped(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    how = _WRAPPERS[name]
    given = options(args, how.valued, how.long, interleaved=False)
    words = _without_assignments(given.operands[how.before :])
    if name == "command" and given.has("-v", "-V"):
        yield READS
        return
    if name == "time":
        yield from each(given.values("-o", "--output"), Action.WRITE)
    if name in ("sudo", "doas") and not words and given.has("-s", "-i", "--shell", "--login"):
        yield Stdin()
    folder = next(iter(given.values("-D", "--chdir")), None) if name == "sudo" else None
    yield Call(words, folder) if words else READS


def _env(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "uCS", ("--unset", "--chdir", "--split-string"), interleaved=False)
    strings = given.values("-S", "--split-string")
    operands = given.operands[1:] if given.operands[:1] == (Word("-"),) else given.operands
    words = _without_assignments(operands)
    assigned = operands[: len(operands) - len(words)]
    for word in assigned:
        variable, _, value = word.text.partition("=")
        yield Assign(variable, Word(value, word.known))
    if strings:
        yield Source(_joined([*strings, *words]))
    elif words:
        yield Call(words, next(iter(given.values("-C", "--chdir")), None))
    else:
        yield Does((Effect.SECRETS,), "environment")


def _without_assignments(words: Sequence[Word]) -> tuple[Word, ...]:
    index = 0
    while index < len(words) and _ASSIGNMENT.match(words[index].text):
        index += 1
    return tuple(words[index:])


def _xargs(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """What arrives on standard input is an unknown last word, or stands where -I says."""
    long = (
        "--arg-file",
        "--delimiter",
        "--max-args",
        "--max-procs",
        "--max-lines",
        "--replace",
        "--max-chars",
    )
    given = options(args, "aEIdLnPs", long, interleaved=False)
    yield from each(given.values("-a", "--arg-file"), Action.READ)
    marks = [word.text for word in given.values("-I", "--replace")] or (["{}"] if given.has("-i") else [])
    if not given.operands:
        yield READS
    elif marks:
        yield Call(tuple(UNKNOWN if marks[0] in word.text else word for word in given.operands))
    else:
        yield Call((*given.operands, UNKNOWN))


def _shell(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "oO", ("--rcfile", "--init-file"), interleaved=False)
    yield from each(given.values("--rcfile", "--init-file"), Action.MENTION)
    if given.has("--version", "--help"):
        yield READS
    elif given.has("-c"):
        yield Source(given.operands[0]) if given.operands else READS
    elif not given.operands or given.has("-s"):
        yield Stdin()
    else:
        yield from _script(given.operands[0], READS if given.has("-n") else RUNS)


def _source(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield from _script(args[0], RUNS) if args else (READS,)


def _script(word: Word, runs: Does) -> Iterator[Finding]:
    if word.known and word.text in _STANDARD_INPUT:
        yield Stdin()
        return
    yield Touch(word, Action.MENTION)
    yield Does(runs.effects, word.text)


def _eval(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    words = args[1:] if args and args[0].text == "--" else args
    yield Source(_joined(words), here=True) if words else READS


def _trap(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    words = [word for word in args if word.text not in ("--", "-l", "-p")]
    yield Source(words[0]) if len(words) > 1 and words[0].text not in ("", "-") else READS


def _joined(words: Sequence[Word]) -> Word:
    return Word(" ".join(word.text for word in words), all(word.known and not word.glob for word in words))


def _cd(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """`cd` alone goes home; where `cd -` and popd go, nobody tracks."""
    yield READS
    words = [word for word in args if word.text == "-" or not word.text.startswith("-")]
    back = name == "popd" or (name == "pushd" and not words)
    if back or (words and words[0].text.startswith(("-", "+"))):
        yield Chdir(None)
    else:
        yield Chdir(words[0] if words else Word("~"))


def _variables(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """Lists the environment when it is given no names; an index in a name is evaluated."""
    given = options(args)
    lists = not given.has("-f", "-F", "-a", "-A") and not given.operands
    if any("$(" in word.text or "`" in word.text for word in args if word.known):
        yield unknown(name)
    if lists and name in ("export", "declare", "typeset", "readonly"):
        yield Does((Effect.SECRETS,), "environment")
    else:
        yield READS


def _set(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield READS if args else Does((Effect.SECRETS,), "environment")


def _printenv(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given: Options = options(args)
    if not given.operands or any(not word.known or _SECRET_VARIABLE.search(word.text) for word in given.operands):
        yield Does((Effect.SECRETS,), "environment")
    else:
        yield READS


def _alias(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """Changes what later words mean."""
    changes = any("=" in word.text or not word.known or word.text == "-f" for word in args)
    yield unknown(name) if changes else READS


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_WRAPPERS, _wrapped),
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "ash", "rbash"), _shell),
    **dict.fromkeys((".", "source"), _source),
    **dict.fromkeys(("cd", "pushd", "popd"), _cd),
    **dict.fromkeys(
        ("export", "declare", "typeset", "readonly", "local", "unset", "let", "read", "mapfile", "readarray"),
        _variables,
    ),
    **dict.fromkeys(("alias", "enable"), _alias),
    "env": _env,
    "eval": _eval,
    "printenv": _printenv,
    "set": _set,
    "trap": _trap,
    "xargs": _xargs,
}
