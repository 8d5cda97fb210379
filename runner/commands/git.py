"""git: what each subcommand reads, restores, rewrites or fetches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from runner.commands.findings import (
    READS,
    Action,
    Call,
    Does,
    Finding,
    Handler,
    Source,
    Touch,
    each,
    names,
    unknown,
)
from runner.commands.options import Options, options
from runner.commands.words import Word, literal
from runner.effects import Effect

_HISTORY = Does((Effect.HISTORY,), "git")
_READING = names(
    "status log diff show blame annotate grep ls-files ls-tree rev-parse rev-list cat-file describe shortlog",
    "name-rev merge-base diff-tree diff-files diff-index for-each-ref show-ref show-branch check-ignore",
    "check-attr count-objects whatchanged version help var cherry range-diff fsck",
)
_REWRITING = names(
    "commit reset rebase switch merge cherry-pick add tag gc filter-branch update-ref init am revert",
    "update-index read-tree write-tree commit-tree symbolic-ref pack-refs prune repack notes replace",
    "sparse-checkout fast-import maintenance bisect config stash branch reflog worktree submodule stage",
)
_FETCHING = names("clone fetch pull ls-remote remote send-email request-pull daemon")
_TAME_SETTINGS = ("color.", "user.", "advice.", "core.quotepath", "safe.directory", "diff.context", "log.", "init.")
_PAGERS = ("cat", "less", "more", "")


def _git(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    index, folder = 0, None
    while index < len(args) and args[index].known and args[index].text.startswith("-"):
        text = args[index].text
        if text in ("--version", "--help", "-v", "-h", "--exec-path", "--html-path"):
            yield READS
            return
        if text in ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path") and index + 1 < len(args):
            value = args[index + 1]
            folder = value if text == "-C" else folder
            if text != "-C" and not (text == "-c" and value.known and _is_tame(value.text)):
                yield unknown(f"git {text} {value.text}")
            index += 1
        elif text.startswith(("--git-dir=", "--work-tree=", "--exec-path=", "--config-env")):
            yield unknown(f"git {text}")
        index += 1
    if folder is not None:
        yield Call((literal("git"), *args[index:]), folder)
    elif index == len(args):
        yield READS
    elif not args[index].known:
        yield unknown(f"git {args[index].text}")
    else:
        yield from _subcommand(args[index].text, args[index + 1 :])


def _is_tame(setting: str) -> bool:
    key, _, value = setting.partition("=")
    if key.lower() in ("core.pager", "pager.log", "pager.diff", "core.editor"):
        return value in (*_PAGERS, "true", ":")
    return key.lower().startswith(_TAME_SETTINGS)


def _subcommand(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    first = args[0].text if args else ""
    if any(word.known and word.text in ("-h", "--help") for word in args):
        yield READS
    elif name in _SPECIAL:
        yield from _SPECIAL[name](args)
    elif (name, first) == ("submodule", "foreach"):
        yield Source(Word(" ".join(word.text for word in args[1:]), all(word.known for word in args)))
    elif (name, first) == ("bisect", "run"):
        yield _HISTORY
        yield Call(tuple(args[1:]))
    elif name in _READING or _only_lists(name, first, args):
        yield from _read(name, args)
    elif name in _FETCHING or (name == "submodule" and first in ("update", "add", "sync")):
        yield Does((Effect.NETWORK,), _remote(args))
    elif name in _REWRITING:
        yield _HISTORY
    else:
        yield unknown(f"git {name}")


def _only_lists(name: str, first: str, args: Sequence[Word]) -> bool:
    given = options(args, "u", ("--contains", "--merged", "--no-merged", "--points-at", "--sort", "--format"))
    if name == "branch":
        changes = ("-d", "-D", "-m", "-M", "-c", "-C", "-f", "-u", "--delete", "--move", "--copy", "--force")
        edits = given.has(*changes, "--unset-upstream", "--set-upstream-to", "--edit-description")
        return not edits and (not given.operands or given.has("-l", "--list"))
    if name == "tag":
        return not given.has("-d", "--delete", "-a", "-s") and (not given.operands or given.has("-l", "-n", "--list"))
    if name == "config":
        return first in ("list", "get") or given.has("-l", "--list", "--get", "--get-all", "--get-regexp")
    lists = {
        "stash": ("list", "show"),
        "reflog": ("", "show", "list", "exists"),
        "remote": ("", "-v", "--verbose", "get-url"),
        "worktree": ("list",),
        "submodule": ("", "status", "summary"),
        "bisect": ("log", "view"),
        "notes": ("", "list", "show"),
    }
    return first in lists.get(name, ()) or (name == "reflog" and first.startswith("-"))


def _read(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """`rev:path` names a file too; a few options write or run."""
    given = options(args, "O" if name == "grep" else "", ("--output",))
    yield READS
    if any(flag.startswith(("--open-files", "--ext-d")) or (flag, name) == ("-O", "grep") for flag, _ in given.flags):
        yield unknown(f"git {name} with another program")
    yield from each(given.values("--output"), Action.WRITE)
    operands = given.operands[1:] if name == "grep" else given.operands
    for word in operands:
        yield Touch(Word(word.text.rpartition(":")[2], word.known, word.glob), Action.MENTION)


def _remote(args: Sequence[Word]) -> str:
    return next((word.text for word in args if ":" in word.text or "/" in word.text), "git remote")


def _push(args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.NETWORK, Effect.HISTORY), _remote(args))


def _checkout(args: Sequence[Word]) -> Iterator[Finding]:
    """Paths are restored only behind `--` (or when they are `.`); anything else may be a branch."""
    texts = [word.text for word in args]
    if "--" in texts:
        paths: Sequence[Word] = args[texts.index("--") + 1 :]
    else:
        paths = [word for word in args if word.text in (".", "./")]
    yield from each(paths, Action.WRITE, tree=True)
    if not paths or any(text in ("-b", "-B", "--orphan") for text in texts):
        yield _HISTORY


def _restore(args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "s", ("--source", "--pathspec-from-file"))
    staged = given.has("-S", "--staged")
    if staged or not given.operands:
        yield _HISTORY
    if not staged or given.has("-W", "--worktree"):
        yield from each(given.operands, Action.WRITE, tree=True)


def _clean(args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "e", ("--exclude",))
    if given.has("-n", "--dry-run"):
        yield READS
    elif given.has("-x", "-X") and given.has("-d") and given.has("-f", "--force"):
        yield Does((Effect.WIDE_DELETION,), "git clean")
    else:
        yield _HISTORY


def _apply(args: Sequence[Word]) -> Iterator[Finding]:
    """A patch names its own targets."""
    given = options(args, "pC", ("--exclude", "--include", "--directory", "--whitespace"))
    yield from each(given.operands, Action.MENTION)
    if given.has("--index", "--cached", "-3", "--3way"):
        yield _HISTORY
    if given.has("--apply") or not given.has("--check", "--stat", "--numstat", "--summary"):
        yield Does((Effect.OUT_OF_SCOPE,), "git apply")
    else:
        yield READS


def _rm(args: Sequence[Word]) -> Iterator[Finding]:
    given: Options = options(args)
    yield _HISTORY
    if not given.has("--cached"):
        yield from each(given.operands, Action.DELETE, tree=given.has("-r"))


def _mv(args: Sequence[Word]) -> Iterator[Finding]:
    yield _HISTORY
    yield from each(options(args).operands, Action.WRITE, tree=True)


def _exports(args: Sequence[Word]) -> Iterator[Finding]:
    """Archives and patches go where -o says, else into the folder at hand."""
    given = options(args, "o", ("--output", "--output-directory", "--format", "--prefix"))
    yield READS
    yield from each(given.values("-o", "--output", "--output-directory"), Action.WRITE, tree=True)


def _patches(args: Sequence[Word]) -> Iterator[Finding]:
    yield from _exports(args)
    if not options(args, "o").has("-o", "--output-directory", "--stdout"):
        yield Does((Effect.OUT_OF_SCOPE,), "git format-patch")


_Subcommand: TypeAlias = Callable[[Sequence[Word]], Iterator[Finding]]
_SPECIAL: dict[str, _Subcommand] = {
    "push": _push,
    "checkout": _checkout,
    "restore": _restore,
    "clean": _clean,
    "apply": _apply,
    "rm": _rm,
    "mv": _mv,
    "archive": _exports,
    "format-patch": _patches,
}

HANDLERS: dict[str, Handler] = {"git": _git}
