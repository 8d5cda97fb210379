"""Programs that mostly read, but have one option or script command that writes or runs: sed, awk, find, sort."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.commands.findings import (
    READS,
    RUNS,
    UNKNOWN,
    Action,
    Call,
    Does,
    Finding,
    Handler,
    Touch,
    each,
    unknown,
)
from runner.commands.options import options
from runner.commands.words import Word
from runner.effects import Effect

_LITTER = (
    *("*.pyc", "*.pyo", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "*.orig", "*.rej"),
    *("*.bak", "*.tmp", "*~", "*.swp", ".coverage", ".DS_Store"),
)
"""Names of derived files: deleting them everywhere is no wide deletion."""
_MOST_STARTS = 20
_DELETERS = frozenset({"rm", "unlink", "shred", "rmdir"})
_AWK_RUNS = re.compile(r"system\s*\(|\bprintf?\b.*[>|]|\|\s*getline|@load|@include", re.DOTALL)
_AWK_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_SED_PLACE = (
    r"(?:\d+(?:~\d+)?|\$|/(?:\\.|[^\\/])*/[IM]*"
    r"|\\(?P<mark{0}>[^\n\\])(?:\\.|(?!(?P=mark{0}))[^\\])*(?P=mark{0})[IM]*)"
)
_SED_FIRST, _SED_LAST = (_SED_PLACE.replace("{0}", name) for name in ("1", "2"))
_SED_ADDRESS = re.compile(rf"\s*{_SED_FIRST}(?:\s*,\s*(?:[+~]\d+|{_SED_LAST}))?\s*!*\s*", re.DOTALL)
_LONGEST_SED = 5000
_SED_TEXT = re.compile(r"(?:\\.|[^\n\\])*\n?", re.DOTALL)


def _sed(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "efl", ("--expression", "--file", "--line-length"))
    in_place = any(flag == "-i" or flag.startswith("--in") for flag, _ in given.flags)
    scripts, files = given.values("-e", "--expression"), list(given.operands)
    if given.values("-f", "--file"):
        yield unknown("sed --file")
    elif not scripts:
        scripts, files = files[:1], files[1:]
    for script in scripts:
        yield from _sed_script(script)
    yield from each(files, Action.WRITE if in_place else Action.READ)
    if not in_place:
        yield READS


def _sed_script(script: Word) -> Iterator[Finding]:
    """`w` writes a file, `e` runs a command; both also as flags of `s`."""
    text = script.text
    if len(text) > _LONGEST_SED:
        yield unknown("sed")
        return
    while text:
        text = text.lstrip(" \t\n;{}")
        address = _SED_ADDRESS.match(text)
        if address and address.end():
            text = text[address.end() :].lstrip(" \t{")
        letter, text = text[:1], text[1:]
        if letter in ("s", "y"):
            pieces = _delimited(text)
            if pieces is None:
                return
            flags, text = pieces
        else:
            flags, text = letter, text if letter in ("w", "W", "e") else _after_command(letter, text)
        if "e" in flags:
            yield unknown("sed e")
        if "w" in flags or "W" in flags:
            path, _, text = text.partition("\n")
            yield Touch(Word(path.strip(), script.known), Action.WRITE)


def _delimited(text: str) -> tuple[str, str] | None:
    """The flags behind `/…/…/` and what follows them; None where it does not end."""
    mark = re.escape(text[:1] or "/")
    found = re.match(rf"{mark}(?:\\.|(?!{mark})[^\\])*{mark}(?:\\.|(?!{mark})[^\\])*{mark}(\w*)", text, re.DOTALL)
    return (found[1], text[found.end() :]) if found else None


def _after_command(letter: str, text: str) -> str:
    """What follows a command that takes no file: text and labels go to the line's end."""
    if letter in tuple("aic"):
        return text[len((_SED_TEXT.match(text) or [""])[0]) :]
    return text.partition("\n")[2] if letter in tuple("btTrR:#") else text


def _awk(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "Fvfi", ("--file", "--assign", "--field-separator", "--include"))
    programs = given.values("-f", "--file")
    yield from each(given.operands if programs else given.operands[1:], Action.READ)
    yield READS
    if given.values("-i", "--include", "-l", "--load"):
        yield unknown("awk --include")
    if programs:
        yield RUNS
        return
    for word in given.operands[:1]:
        for text in _AWK_STRING.findall(word.text):
            yield Touch(Word(text), Action.MENTION)
        if not word.known or _AWK_RUNS.search(_AWK_STRING.sub("", word.text).replace("||", "")):
            yield RUNS


def _find(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    starts, tests = _split_find(args)
    if len(starts) > _MOST_STARTS:
        yield unknown("find")
        return
    places = {deletes: _found(starts, tests, deletes=deletes) for deletes in (True, False)}
    yield READS
    yield from each(starts, Action.READ)
    index = 0
    while index < len(tests):
        text = tests[index].text
        if text == "-delete":
            yield from each(places[True], Action.DELETE, tree=True)
        elif text in ("-fprint", "-fprint0", "-fls", "-fprintf"):
            yield from each(tests[index + 1 : index + 2], Action.WRITE)
            index += 1
        elif text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = index + 1
            while end < len(tests) and tests[end].text not in (";", "+"):
                end += 1
            call = tests[index + 1 : end]
            deletes = any(word.text.split("/")[-1] in _DELETERS for word in call)
            for place in places[deletes]:
                yield Call(tuple(_filled(word, place) for word in call))
            index = end
        index += 1


def _split_find(args: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    index = 0
    while index < len(args) and (args[index].text in ("-H", "-L", "-P", "-D") or args[index].text[:2] == "-O"):
        index += 2 if args[index].text == "-D" else 1
    begin = index
    while index < len(args) and not (args[index].text.startswith(("-", "(", "!")) and args[index].known):
        index += 1
    return list(args[begin:index]) or [Word(".")], list(args[index:])


def _found(starts: Sequence[Word], tests: Sequence[Word], *, deletes: bool) -> list[Word]:
    """What find would name, as globs; a deletion counts as of everything unless only derived files match."""
    texts = [word.text for word in tests]
    names = [texts[at + 1] for at, text in enumerate(texts[:-1]) if text == "-name" and tests[at + 1].known]
    simple = len(names) == 1 and not {"-o", "-or", "-not", "!", ","} & set(texts)
    name = names[0] if simple and (not deletes or names[0] in _LITTER) else "*"
    return [Word(f"{start.text.rstrip('/') or ''}/**/{name}", start.known, glob=True) for start in starts]


def _filled(word: Word, place: Word) -> Word:
    if word.text == "{}":
        return place
    return UNKNOWN if "{}" in word.text else word


def _sort(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "oktST", ("--output", "--key", "--files0-from"))
    yield READS
    yield from each(given.operands, Action.READ)
    yield from each(given.values("-o", "--output"), Action.WRITE)
    if any(flag.startswith("--comp") for flag, _ in given.flags):
        yield unknown("sort --compress-program")


def _second_operand_is_written(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    operands = options(args, "fsw" if name == "uniq" else "lcgos").operands
    yield READS
    yield from each(operands[:1], Action.READ)
    yield from each(operands[1:2], Action.WRITE)


def _tree(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "oLIP")
    yield READS
    yield from each(given.operands, Action.READ)
    yield from each(given.values("-o"), Action.WRITE)


def _split(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    yield Does((Effect.OUT_OF_SCOPE,), name)
    yield from each(args, Action.MENTION)


def _date(name: str, args: Sequence[Word]) -> Iterator[Finding]:
    given = options(args, "dfrI", ("--date", "--file", "--reference"))
    yield Does((Effect.OUTSIDE,), "the clock") if given.has("-s", "--set") else READS


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _awk),
    **dict.fromkeys(("uniq", "xxd"), _second_operand_is_written),
    **dict.fromkeys(("split", "csplit"), _split),
    "date": _date,
    "find": _find,
    "sed": _sed,
    "sort": _sort,
    "tree": _tree,
}
