"""What readers said of a run, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from runner.labels.agreement import Agreement
from runner.labels.table import Line
from runner.visible import visible


def tables(found: Sequence[Line], agreements: Sequence[Agreement]) -> Iterator[RenderableType]:
    if not found:
        yield Text("no step of this run is labelled; label one with `taskfit label TRIAL@STEP LABEL`", style="dim")
        return
    labels = Table("trial", "step", "reader", "said", "note", box=None, pad_edge=False)
    for line in found:
        step = "gone" if line.step is None else f"{line.step}{' (moved)' if line.state == 'moved' else ''}"
        again = f" (attempt {line.attempt})" if line.attempt != 1 else ""
        cells = (f"{line.trial}{again}", step, line.reader, said(line), line.note)
        labels.add_row(*(Text(visible(cell)) for cell in cells))
    yield labels
    if agreements:
        yield Text()
        agreed = Table("readers", "about", "steps", "same", "κ", "95 %", box=None, pad_edge=False)
        for each in agreements:
            agreed.add_row(
                Text(visible(" and ".join(each.readers))),
                Text(visible(each.question)),
                *(str(each.steps), str(each.same), *kappa(each)),
            )
        yield agreed


def said(line: Line) -> str:
    """A mark without its note, in words."""
    ask = {True: "should have been asked for", False: "needed no asking", None: ""}[line.ask]
    answer = f"right answer: {line.answer}" if line.answer else ""
    return ", ".join(each for each in (line.label, answer, ask) if each)


def kappa(agreement: Agreement) -> tuple[str, str]:
    """The value and its interval, or a dash and the reason."""
    found = agreement.kappa
    if found.value is None or found.low is None or found.high is None:
        return "–", found.reason
    return f"{found.value:.2f}", f"{found.low:.2f} to {found.high:.2f}"
