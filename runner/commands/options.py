"""Arguments split as GNU getopt does: clusters, values, long names by prefix, `--`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.commands.words import Word


@dataclass(frozen=True, slots=True)
class Options:
    flags: tuple[tuple[str, Word | None], ...]
    """As in `-r` or `--recursive`, with the value if it has one."""
    operands: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        return any(_same(flag, name) for flag, _ in self.flags for name in names)

    def values(self, *names: str) -> list[Word]:
        return [value for flag, value in self.flags if value and any(_same(flag, name) for name in names)]


def options(
    args: Sequence[Word], valued: str = "", long_valued: Sequence[str] = (), *, interleaved: bool = True
) -> Options:
    """`valued` and `long_valued` take the next word; otherwise than `interleaved`, the first operand ends all."""
    flags: list[tuple[str, Word | None]] = []
    operands: list[Word] = []
    waiting = list(reversed(args))
    while waiting:
        word = waiting.pop()
        text = word.text
        if text == "--" and word.known:
            operands += reversed(waiting)
            break
        if text.startswith("--"):
            name, equals, value = text.partition("=")
            if equals:
                flags.append((name, Word(value, word.known, word.glob)))
            else:
                takes = waiting and any(_same(name, long) for long in long_valued)
                flags.append((name, waiting.pop() if takes else None))
        elif text.startswith("-") and len(text) > 1:
            _cluster(word, valued, flags, waiting)
        else:
            operands.append(word)
            if not interleaved:
                operands += reversed(waiting)
                break
    return Options(tuple(flags), tuple(operands))


def _cluster(word: Word, valued: str, flags: list[tuple[str, Word | None]], waiting: list[Word]) -> None:
    letters = word.text[1:]
    for index, letter in enumerate(letters):
        if letter not in valued:
            flags.append((f"-{letter}", None))
            continue
        rest = letters[index + 1 :]
        if rest:
            flags.append((f"-{letter}", Word(rest, word.known, word.glob)))
        else:
            flags.append((f"-{letter}", waiting.pop() if waiting else None))
        return


def _same(flag: str, name: str) -> bool:
    """A long flag may be cut short."""
    return flag == name or (len(flag) > 2 and flag.startswith("--") and name.startswith(flag))
