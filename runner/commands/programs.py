"""The table of programs: a plain name to what a call of it does; a name that is nowhere here is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from runner.commands import files, git, packages, streams, wrappers
from runner.commands.findings import READS, RUNS, Action, Call, Does, Finding, Handler, Touch, each, names, unknown
from runner.commands.options import options
from runner.commands.words import Word
from runner.effects import Effect

_SPEAKING = (
    "echo printf true false : sleep seq basename dirname uname id whoami groups which whereis type hash tr expr bc"
    " nproc uptime free tty arch locale getconf pwd dirs wait jobs shift return exit break continue shopt ulimit umask"
    " getopts times history fc help disown logname yes dircolors tput clear logger hostname ps pgrep caller unalias"
    " compgen complete [["
)
_READING = (
    "ls cat head tail less more wc cut diff file stat realpath readlink jq cmp md5sum sha1sum sha256sum sha512sum"
    " b2sum cksum sum du df nl tac rev fold fmt paste join comm od hexdump strings shuf base64 base32 column pr expand"
    " unexpand tsort lsof zcat bzcat xzcat zgrep diff3 sdiff diffstat vdir dir nm objdump readelf size ldd cloc wdiff"
)
_PATTERN_FIRST = {
    **dict.fromkeys(("grep", "egrep", "fgrep"), "ABCmefdD"),
    "rg": "ABCmefgtTErjM",
    "ag": "ABCmG",
    "ack": "ABCm",
    "jq": "fL",
}
_RUNNING = (
    "pytest py.test tox nox make gmake coverage mypy pyright flake8 pylint bandit pre-commit hypothesis node deno ruby"
    " perl php java javac gcc g++ cc clang cmake ninja meson mvn gradle rustc tsc jest vitest mocha eslint prettier"
    " kill pkill killall mktemp sqlite3 gdb strace ltrace ipython pdb doctest behave nosetests trial lua Rscript julia"
    " lint-imports sphinx-build mkdocs vulture radon cython unittest"
)
_NETWORKING = (
    "curl wget nc ncat netcat telnet ssh scp ping ping6 dig nslookup host ftp sftp socat aria2c http https"
    " ssh-keyscan traceroute whois aws gcloud az gh hub rclone ssh-copy-id lynx w3m"
)
_SYSTEM = (
    "chown chgrp mount umount useradd userdel usermod groupadd passwd systemctl service crontab at iptables"
    " ip6tables nft ip ifconfig route reboot shutdown halt poweroff init sysctl insmod modprobe rmmod docker podman"
    " kubectl nerdctl crictl ctr docker-compose chroot unshare nsenter setcap chattr visudo su swapon swapoff losetup"
    " update-alternatives ldconfig capsh dmesg"
)
_FORMATTING = ("black", "isort", "autopep8", "yapf")
_VERSIONED = re.compile(r"(python|pip|pypy|pytest)\d+(?:\.\d+)*")


def lookup(name: str) -> Handler | None:
    """The handler of a program's plain name (`python3.11` is `python`)."""
    found = _VERSIONED.fullmatch(name)
    plain = found[1] if found else name
    return _mkfs(plain) or HANDLERS.get(plain)


def _mkfs(name: str) -> Handler | None:
    return files.HANDLERS["mkfs"] if name.startswith("mkfs.") else None


def _speak(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """Words are text; only an array index in a variable's name would be evaluated."""
    evaluates = name == "[[" or (name == "printf" and any(word.text.startswith("-v") for word in args))
    if evaluates and any(word.known and ("$(" in word.text or "`" in word.text) for word in args):
        yield unknown(name)
    yield READS
    if name == "[[":
        yield from _tested(args)


def _test(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield READS
    yield from _tested(args)


def _tested(args: Sequence[Word]) -> Iterator[Finding]:
    """Only what stands behind an operator like `-f` is a file."""
    for operator, word in pairwise(args):
        if re.fullmatch(r"-[a-hkprsuwxLSGON]", operator.text):
            yield Touch(word, Action.READ)


def _read(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield READS
    for word in args:
        path = word.text.partition("=")[2] if word.text.startswith("-") else word.text
        if path:
            yield Touch(Word(path, word.known, word.glob), Action.READ)


def _search(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """The first operand is a pattern unless an option gave one."""
    given = options(args, _PATTERN_FIRST[name], ("--regexp", "--file", "--glob", "--type", "--max-count"))
    patterned = given.has("-e", "-f", "--regexp", "--file", "--files") and name != "jq"
    yield READS
    yield from each(given.values("-f", "--file"), Action.READ)
    yield from each(given.operands if patterned else given.operands[1:], Action.READ)
    if any(flag in ("--pre", "--hostname-bin", "--pager") for flag, _ in given.flags):
        yield unknown(f"{name} with another program")


def _run(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    asks = len(args) == 1 and args[0].text in ("--version", "--help", "-V", "-h")
    yield READS if asks else Does((Effect.RUN,), name)
    yield from each([word for word in args if not word.text.startswith("-")], Action.MENTION)


def _format(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    """A formatter rewrites what it is given unless it only checks."""
    words = args[1:] if name == "ruff" else args
    given = options(words, "ltjpk", ("--line-length", "--target-version", "--config", "--select", "--ignore"))
    checks = given.has("--check", "--check-only", "--diff", "-c", "-d", "--version", "--help")
    if name == "ruff":
        checks = checks or not (args[:1] == [Word("format")] or given.has("--fix", "--fix-only", "--add-noqa"))
    if name in ("autopep8", "yapf"):
        checks = checks or not given.has("-i", "--in-place", "--inplace")
    yield RUNS
    if not checks:
        default = [Word(".")] if name == "ruff" else []
        yield from each(given.operands or default, Action.WRITE, tree=True)


def _network(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    hosts = [found for word in args if (found := _host(word))]
    yield Does((Effect.NETWORK,), hosts[0] if hosts else name)
    for word in args:
        text = word.text.removeprefix("file://")
        yield Touch(Word(text.rpartition("@")[2], word.known), Action.MENTION)
        yield Touch(Word(text.rpartition("=")[2], word.known), Action.MENTION)
    given = options(args, "oXHdFTuAebcmx" if name == "curl" else "oOPTt", ("--output", "--output-document"))
    if name in ("curl", "wget"):
        writes = ("-o", "--output") if name == "curl" else ("-o", "-O", "--output-document")
        yield from each([word for word in given.values(*writes) if word.text != "-"], Action.WRITE)


def _host(word: Word) -> str:
    found = re.fullmatch(r"(?:(\w+)://)?(?:[^@/\s]*@)?([\w-]+(?:\.[\w-]+)*)(?::\d*)?(?:[/:].*)?", word.text, re.DOTALL)
    if not found or not word.known:
        return ""
    return found[2] if found[1] or "." in found[2] or "@" in word.text or found[2] == "localhost" else ""


def _outside(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.OUTSIDE,), name)
    yield from each(args, Action.MENTION)
    if name in ("chroot", "unshare", "nsenter"):
        operands = options(args, interleaved=False).operands
        yield Call(operands[1:] if name == "chroot" else operands)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(names(_SPEAKING), _speak),
    **dict.fromkeys(names(_READING), _read),
    **dict.fromkeys(_PATTERN_FIRST, _search),
    **dict.fromkeys(names(_RUNNING), _run),
    **dict.fromkeys(names(_NETWORKING), _network),
    **dict.fromkeys(names(_SYSTEM), _outside),
    **dict.fromkeys((*_FORMATTING, "ruff"), _format),
    **dict.fromkeys(("test", "["), _test),
    **files.HANDLERS,
    **streams.HANDLERS,
    **wrappers.HANDLERS,
    **git.HANDLERS,
    **packages.HANDLERS,
}
