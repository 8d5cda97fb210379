"""Programs that change files: which of their words are paths, and what happens to each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.commands.findings import (
    READS,
    UNKNOWN,
    Action,
    Does,
    Finding,
    Handler,
    Touch,
    each,
    unknown,
)
from runner.commands.options import Options, options
from runner.commands.words import Word
from runner.effects import Effect

_TARGET = ("--target-directory", "--suffix")


def _rm(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """An unknown argument may be `-r`."""
    given = options(args)
    tree = given.has("-r", "-R", "--recursive") or not all(word.known for word in args)
    for word in given.operands:
        yield Touch(word, Action.DELETE, tree or "**" in word.text)


def _shred(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    return each(options(args, "ns", ("--iterations", "--size", "--random-source")).operands, Action.DELETE)


def _make(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "mdrts", ("--mode", "--date", "--reference", "--size"))
    return each(given.operands, Action.WRITE)


def _tee(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield READS
    yield from each(options(args).operands, Action.WRITE)


def _mode(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """The first operand is the mode, which may look like an option (`-x`)."""
    words = [word for word in args if not (word.known and word.text.startswith("-"))]
    dashed = [word.text for word in args if word.text.startswith("-")]
    recursive = any(text == "--recursive" or ("R" in text and not text.startswith("--")) for text in dashed)
    moded = any(text[1:] and not set(text[1:]) - set("rwxXst") for text in dashed)
    referenced = any(text.startswith("--ref") for text in dashed)
    yield from each(words if moded or referenced else words[1:], Action.WRITE, recursive)


def _copy(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "tSgmo", (*_TARGET, "--mode", "--owner", "--group"))
    if name == "install" and given.has("-d", "--directory"):
        yield from each(given.operands, Action.WRITE)
        return
    sources, goals = _ends(given)
    for word in sources:
        yield Touch(word, Action.DELETE if name == "mv" else Action.MENTION, name == "mv")
    yield from _arrivals(sources, goals)


def _ln(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """A link to a place outside is a door: what is written through it later looks as if it stayed inside."""
    given = options(args, "tS", _TARGET)
    sources, goals = _ends(given)
    if len(given.operands) == 1 and not given.has("-t", "--target-directory"):
        sources, goals = list(given.operands), [Word(".")]
    for word in sources:
        outside = word.text.startswith(("/", "~")) or ".." in word.text.split("/")
        yield Touch(word, Action.WRITE if outside else Action.MENTION, outside)
    yield from _arrivals(sources, goals)


def _rsync(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "efTM", ("--rsh", "--exclude", "--include", "--filter", "--files-from"))
    remote = [word for word in given.operands if ":" in word.text.split("/")[0]]
    if remote:
        yield Does((Effect.NETWORK,), remote[0].text.split(":")[0].split("@")[-1])
    if given.has("-e", "--rsh"):
        yield unknown("rsync --rsh")
    sources, goals = _ends(given)
    yield from each(sources, Action.MENTION)
    deletes = any(flag.startswith("--del") for flag, _ in given.flags)
    if not remote or goals[:1] != remote[-1:]:
        yield from each(goals, Action.DELETE if deletes else Action.WRITE, tree=True)


def _ends(given: Options) -> tuple[list[Word], list[Word]]:
    """The sources, and the folder or file that they go to."""
    folders = given.values("-t", "--target-directory")
    if folders:
        return list(given.operands), [Word(word.text + "/", word.known, word.glob) for word in folders]
    return list(given.operands[:-1]), list(given.operands[-1:])


def _arrivals(sources: Sequence[Word], goals: Sequence[Word]) -> Iterator[Finding]:
    """A goal that must be a folder gets the sources' names; any other is a tree that may be one."""
    for goal in goals:
        folder = goal.text.endswith("/") or goal.text.split("/")[-1] in (".", "..", "~") or len(sources) > 1
        if not folder or not sources:
            yield Touch(goal, Action.WRITE, tree=True)
            continue
        for source in sources:
            last = source.text.rstrip("/").split("/")[-1]
            path = goal.text.rstrip("/") + "/" + (last if last not in ("", ".", "..") else "*")
            yield Touch(Word(path, goal.known and source.known, goal.glob or source.glob), Action.WRITE, tree=True)


def _dd(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield READS
    for word in args:
        key, _, path = word.text.partition("=")
        if not word.known and key not in ("bs", "count", "skip", "seek"):
            yield Touch(UNKNOWN, Action.WRITE)
        elif key in ("of", "if"):
            yield Touch(Word(path), Action.WRITE if key == "of" else Action.READ)


def _patch(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """A patch names its own targets, so they cannot be told from the command."""
    long = (
        "--input",
        "--output",
        "--strip",
        "--directory",
        "--reject-file",
        "--fuzz",
        "--prefix",
        "--suffix",
    )
    given = options(args, "ipodrFBYzVgD", long)
    if given.has("--dry-run"):
        yield READS
        return
    yield from each(given.values("-i", "--input"), Action.MENTION)
    yield from each(given.values("-o", "-r", "--output", "--reject-file"), Action.WRITE)
    yield from each(given.operands[:1], Action.WRITE)
    if not given.operands or given.values("-d", "--directory"):
        yield Does((Effect.OUT_OF_SCOPE,), "patch")


def _tar(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """Old-style clusters have no dash; members of an archive that is unpacked cannot be told."""
    if args and args[0].known and not args[0].text.startswith("-"):
        args = [Word("-" + args[0].text), *args[1:]]
    given = options(args, "fCTXIbgHKLNV", ("--file", "--directory", "--exclude", "--files-from"))
    if any(flag.startswith(("--to-c", "--checkpoint", "--use-c", "-I", "-F")) for flag, _ in given.flags):
        yield unknown("tar")
    yield from each(given.operands, Action.MENTION)
    if given.has("-x", "--extract", "--get"):
        folders = given.values("-C", "--directory")
        yield from each(folders, Action.WRITE, tree=True)
        if not folders:
            yield Does((Effect.OUT_OF_SCOPE,), "tar")
    elif given.has("-t", "--list"):
        yield READS
    else:
        yield from each(given.values("-f", "--file"), Action.WRITE)
        yield from each(given.operands if given.has("--remove-files") else (), Action.DELETE, tree=True)


def _unzip(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "dxP")
    folders = given.values("-d")
    if given.has("-l", "-t", "-v", "-p", "-Z"):
        yield READS
    elif folders:
        yield from each(folders, Action.WRITE, tree=True)
    else:
        yield Does((Effect.OUT_OF_SCOPE,), "unzip")


def _compress(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "S", ("--suffix",))
    if given.has("-c", "-l", "-t", "--stdout", "--list", "--test") or not given.operands:
        yield READS
        yield from each(given.operands, Action.READ)
    else:
        yield from each(given.operands, Action.WRITE)


def _mkfs(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.WIDE_DELETION,), " ".join([name, *(word.text for word in args)]))


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("rm", "unlink", "rmdir"), _rm),
    **dict.fromkeys(("touch", "mkdir", "truncate", "mkfifo", "fallocate"), _make),
    **dict.fromkeys(("cp", "mv", "install"), _copy),
    **dict.fromkeys(("ln", "link"), _ln),
    **dict.fromkeys(("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd"), _compress),
    **dict.fromkeys(("mkfs", "wipefs", "mkswap", "fdisk", "parted", "blkdiscard"), _mkfs),
    "chmod": _mode,
    "dd": _dd,
    "patch": _patch,
    "rsync": _rsync,
    "shred": _shred,
    "tar": _tar,
    "tee": _tee,
    "unzip": _unzip,
}
