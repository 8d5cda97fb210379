"""Package managers, and Python's own command line, which starts several of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.commands.findings import READS, RUNS, Action, Call, Does, Finding, Handler, Touch, each, names, unknown
from runner.commands.options import options
from runner.commands.words import Word, literal
from runner.effects import Effect

_INSTALLS = Does((Effect.INSTALL,))
_NETWORK_MODULES = frozenset({"http.server", "smtpd", "ftplib", "telnetlib", "twine", "poplib", "imaplib"})
_MODULES_WITH_HANDLERS = names("pip pipx poetry uv black isort ruff autopep8 yapf easy_install conda virtualenv")
_PIP_VALUED = ("--requirement", "--constraint", "--editable", "--target", "--index-url", "--extra-index-url")
_PIP_MORE = ("--find-links", "--prefix", "--root", "--log", "--proxy", "--cache-dir", "--timeout", "--python")


@dataclass(frozen=True, slots=True)
class _Manager:
    """Subcommands by what they do; one that is in no set is unknown."""

    fetches: str = ""
    reads: str = ""
    runs: str = ""
    wraps: str = ""
    """Subcommands that start the program that follows."""
    bare: Effect = Effect.READ
    """Without any subcommand."""


_MANAGERS: dict[str, _Manager] = {
    "npm": _Manager(
        "install i add ci update upgrade uninstall remove rm un link audit dedupe init create",
        "ls list view info outdated config help root prefix",
        "test t run run-script start stop exec rebuild",
    ),
    "yarn": _Manager(
        "install add remove upgrade create", "list info why config", "test run start build", bare=Effect.INSTALL
    ),
    "pnpm": _Manager("install i add ci update remove dlx create", "ls list why", "test run start exec build"),
    "apt": _Manager(
        "install update upgrade full-upgrade dist-upgrade remove purge autoremove source build-dep download clean",
        "list show search policy depends rdepends",
    ),
    "apk": _Manager("add del update upgrade fetch", "info list search version"),
    "dnf": _Manager(
        "install update upgrade remove erase makecache groupinstall reinstall", "list info search repolist"
    ),
    "brew": _Manager("install uninstall update upgrade reinstall tap", "list info search"),
    "gem": _Manager("install uninstall update fetch", "list env environment search"),
    "bundle": _Manager("install update add", "list show", wraps="exec", bare=Effect.INSTALL),
    "cargo": _Manager(
        "install add fetch update remove", "tree metadata version search", "build test run check clippy bench fmt doc"
    ),
    "go": _Manager("get install mod", "env list version doc", "build test run vet fmt generate"),
    "conda": _Manager("install create update remove uninstall env", "list info search config", "run activate"),
    "poetry": _Manager("add install update remove lock sync self", "show check version env", wraps="run"),
    "pipenv": _Manager("install update uninstall lock sync", "graph", wraps="run"),
    "pipx": _Manager("install upgrade uninstall inject run ensurepath reinstall", "list environment"),
    "uv": _Manager("add sync remove lock tool venv python", "tree version", "build", wraps="run"),
    "hatch": _Manager("dep", "version", "test fmt build", wraps="run"),
    "dpkg": _Manager(),
}
_ALIASES = {
    **dict.fromkeys(("apt-get", "aptitude", "apt-cache"), "apt"),
    **dict.fromkeys(("yum", "microdnf", "zypper"), "dnf"),
    **dict.fromkeys(("mamba", "micromamba"), "conda"),
    "bun": "npm",
}


def _manager(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    manager = _MANAGERS[_ALIASES.get(name, name)]
    words = [(index, word) for index, word in enumerate(args) if not word.text.startswith("-")]
    if not words:
        yield READS if args else Does((manager.bare,), name)
        return
    index, word = words[0]
    rest = args[index + 1 :]
    if name == "uv" and word.text == "pip":
        yield from _pip("pip", rest)
    elif not word.known:
        yield unknown(f"{name} {word.text}")
    elif word.text in names(manager.fetches):
        yield Does((Effect.INSTALL, Effect.NETWORK), _named(name, rest))
    elif word.text in names(manager.reads):
        yield READS
    elif word.text in names(manager.runs):
        yield RUNS
    elif word.text in names(manager.wraps):
        yield RUNS
        yield Call(tuple(rest[next((at for at, each_ in enumerate(rest) if each_.text[:1] != "-"), len(rest)) :]))
    else:
        yield unknown(f"{name} {word.text}")


def _named(name: str, args: Sequence[Word]) -> str:
    return next((word.text for word in args if not word.text.startswith("-")), name)


def _pip(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """Installing a local path asks the network for nothing by itself."""
    given = options(args, "rcetifdb", (*_PIP_VALUED, *_PIP_MORE))
    if given.has("--version", "--help", "-V", "-h") or not given.operands:
        yield READS
        return
    action, packages = given.operands[0], given.operands[1:]
    if not action.known:
        yield unknown(f"pip {action.text}")
    elif action.text in ("list", "show", "freeze", "check", "debug", "inspect", "help", "hash", "completion"):
        yield READS
    elif action.text in ("index", "search"):
        yield Does((Effect.NETWORK,), "pip " + action.text)
    elif action.text in ("install", "uninstall", "download", "wheel", "sync", "compile"):
        sources = [*packages, *given.values("-e", "--editable")]
        yield Does((Effect.INSTALL,), sources[0].text if sources else "pip")
        local = bool(sources) and all(_is_local(word) for word in sources) and not given.has("-r", "--requirement")
        if not (local or action.text == "uninstall" or given.has("--no-index")):
            yield Does((Effect.NETWORK,))
        yield from each(given.values("-r", "--requirement", "-c", "--constraint"), Action.MENTION)
    elif action.text in ("config", "cache"):
        yield Does((Effect.OUTSIDE,), "pip " + action.text)
    else:
        yield unknown(f"pip {action.text}")


def _is_local(word: Word) -> bool:
    text = word.text
    archive = text.endswith((".whl", ".tar.gz", ".zip"))
    return word.known and "://" not in text and (text.startswith((".", "/", "~")) or "/" in text or archive)


def _dpkg(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args)
    changes = given.has("-i", "-r", "-P", "--install", "--remove", "--purge", "--unpack", "--configure")
    yield Does((Effect.INSTALL,), name) if changes else READS


def _fetch_and_run(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.RUN, Effect.INSTALL, Effect.NETWORK), _named(name, args))


def _installs(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.INSTALL, Effect.NETWORK), _named(name, args))


def _python(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    index = 0
    while index < len(args):
        text = args[index].text
        if text in ("--version", "--help", "-V", "-VV", "-h"):
            yield READS
            return
        found = re.match(r"-[^-mcWX]*([mcWX])(.*)", text, re.DOTALL)
        if not text.startswith("-") or text == "-" or (found and found[1] == "c"):
            break
        if found and found[1] == "m":
            module = Word(found[2]) if found[2] else None
            yield from _module(([module] if module else []) + list(args[index + 1 :]))
            return
        index += 2 if found and not found[2] else 1
    yield Does((Effect.RUN,), name)
    if index < len(args) and not args[index].text.startswith("-"):
        yield Touch(args[index], Action.MENTION)
        if args[index].text.split("/")[-1] == "setup.py" and any(
            word.text in ("install", "develop", "easy_install") for word in args[index + 1 :]
        ):
            yield _INSTALLS


def _module(args: Sequence[Word]) -> Iterator[Finding]:
    if not args:
        yield RUNS
        return
    module, rest = args[0].text, args[1:]
    if module in _MODULES_WITH_HANDLERS:
        yield Call((literal(module), *rest))
    elif module in _NETWORK_MODULES:
        yield Does((Effect.NETWORK,), module)
    elif module == "ensurepip":
        yield _INSTALLS
    else:
        yield Does((Effect.RUN,), module)
        yield from each(rest if module == "venv" else (), Action.WRITE, tree=True)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys((*_MANAGERS, *_ALIASES), _manager),
    **dict.fromkeys(("pip", "pip3"), _pip),
    **dict.fromkeys(("python", "pypy"), _python),
    **dict.fromkeys(("npx", "bunx", "uvx"), _fetch_and_run),
    **dict.fromkeys(("easy_install", "virtualenv"), _installs),
    "dpkg": _dpkg,
}
