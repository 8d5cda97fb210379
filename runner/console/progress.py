"""A run's progress as a table that fits a terminal of any size, and as lines where there is none."""

from __future__ import annotations

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.durations import brief
from runner.following.progress import ModelProgress, Progress, Worker
from runner.runs.runlog import Happened
from runner.visible import visible

WIDE, NARROW, TINY = 120, 72, 50
"""Characters from which on there is room for bars and every verdict; under which there is none for money and pace; and
none for what was lost, nor for a rate and its number of scenarios in one line."""
BESIDES, BESIDES_NARROW, BESIDES_WIDE, BESIDES_TINY = 55, 42, 96, 27
"""Characters of a line that models' names leave to the rest; longer names are folded, never cut."""
FEWEST_MODELS, FEWEST_WORKERS = 3, 2
"""Lines that each keeps where a terminal is too low for everything."""
HEADINGS = 3
LOST = ("infra_error", "invalid_scenario")


def table(progress: Progress, width: int, height: int | None = None) -> RenderableType:
    """At most `height` lines where one is given; what does not fit is counted."""
    said = [*_paused(progress), *(_note(note) for note in progress.notes)]
    models, workers = list(progress.models), list(progress.workers)
    least = 8 if width < TINY else 12
    column = min(max([5, *(cell_len(visible(each.model)) for each in models)]), max(least, width - _besides(width)))
    if height is not None:
        said = _first(said, width, max(1, height // 6))
        room = height - HEADINGS - 2 - _lines(_summary(progress), width) - sum(_lines(each, width) for each in said)
        kept = max(FEWEST_WORKERS, room - sum(_folded(each, column, width) for each in models))
        workers = workers[: max(0, kept - (len(workers) > kept))]
        models = _fitting(models, column, width, room - len(workers) - (len(workers) < len(progress.workers)))
    parts: list[RenderableType] = [_models(models, column, width)]
    if len(models) < len(progress.models):
        parts.append(_hidden_models(progress, models))
    parts += [_worker(each, width) for each in workers]
    if len(workers) < len(progress.workers):
        parts.append(Text(f"  … and {len(progress.workers) - len(workers)} trials more under way", "dim"))
    return Group(*parts, *said, _summary(progress))


def lines(progress: Progress) -> list[str]:
    """A summary for a log: one line of the run, one a model."""
    found = [_summary(progress).plain]
    for each in progress.models:
        resolved = _resolved(each).plain
        found.append(
            f"  {visible(each.model)}: {each.done}/{each.planned}, resolved {resolved}{_others(each, '; ')}"
            f", {each.usd:.4f} USD" + (f", paused: {visible(each.paused)}" if each.paused else "")
        )
    return found


def _besides(width: int) -> int:
    if width < NARROW:
        return BESIDES_TINY if width < TINY else BESIDES_NARROW
    return BESIDES_WIDE if width >= WIDE else BESIDES


def _models(models: list[ModelProgress], column: int, width: int) -> Table:
    wide, narrow, tiny = width >= WIDE, width < NARROW, width < TINY
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("model", width=column, overflow="fold")
    if wide:
        shown.add_column("progress", no_wrap=True)
    shown.add_column("done", no_wrap=True, justify="right")
    shown.add_column("resolved", no_wrap=not tiny)
    for name in () if narrow else ("USD", "/h"):
        shown.add_column(name, no_wrap=True, justify="right")
    if not tiny:
        shown.add_column("other verdicts" if wide else "lost", no_wrap=not wide, overflow="fold")
    for each in models:
        bar = [ProgressBar(total=max(1, each.planned), completed=each.done, width=16)] if wide else []
        pace = f"{each.per_hour:.0f}" if each.per_hour is not None else "–"
        lost = sum(each.verdicts.get(name, 0) for name in LOST)
        shown.add_row(
            Text(visible(each.model), "yellow" if each.paused else ""),
            *bar,
            f"{each.done}/{each.planned}",
            _resolved(each),
            *(() if narrow else (f"{each.usd:.2f}", pace)),
            *(() if tiny else [Text(_others(each)) if wide else Text(str(lost) if lost else "", "cyan")]),
        )
    return shown


def _resolved(model: ModelProgress) -> Text:
    """The rate with its interval and the scenarios behind it; counts where there is no rate yet."""
    found = model.resolved
    if found.value is None or found.low is None or found.high is None:
        return Text(f"{model.verdicts.get('resolved', 0)} of {model.counted}" if model.counted else "–", "dim")
    interval = f" [{100 * found.low:.0f}–{100 * found.high:.0f}] n={found.n}"
    return Text(f"{100 * found.value:.0f} %").append(interval, "dim")


def _others(model: ModelProgress, before: str = "") -> str:
    found = [f"{count} {visible(name)}" for name, count in model.verdicts.items() if name != "resolved"]
    return before + ", ".join(found) if found else ""


def _worker(worker: Worker, width: int) -> Text:
    doing = worker.tool if worker.phase == "working" and worker.tool else worker.phase
    turn = f"turn {worker.turn}" if worker.turn is not None else ""
    head = f"  {visible(doing):<14} {brief(worker.seconds):>11}  {turn:<8} "
    return Text(head + _shortened(visible(worker.trial), width - len(head)), style="cyan", no_wrap=True)


def _shortened(name: str, room: int) -> str:
    """Both ends of a trial's name: its scenario, and its model's digest, arm and repeat."""
    if cell_len(name) <= room:
        return name
    half = max(4, (room - 1) // 2)
    return f"{name[:half]}…{name[-half:]}"


def _paused(progress: Progress) -> list[Text]:
    found = [Text(f"  paused: {visible(progress.paused)}", "yellow")] if progress.paused else []
    found += [Text(f"  paused: {visible(each.paused)}", "yellow") for each in progress.models if each.paused]
    if progress.asking:
        who = "request waits" if progress.asking == 1 else "requests wait"
        found.append(Text(f"  {progress.asking} {who} for a person: taskfit approvals RUN", "bold magenta"))
    return found


def _note(note: Happened) -> Text:
    clock = note.at[11:16]
    return Text(f"  {visible(clock)} {visible(note.text)}", style="dim", no_wrap=True, overflow="ellipsis")


def _hidden_models(progress: Progress, shown: list[ModelProgress]) -> Text:
    hidden = [each for each in progress.models if each not in shown]
    whole = sum(each.done == each.planned for each in hidden)
    idle = sum(not each.done and not each.working for each in hidden)
    detail = ", ".join(f"{count} {what}" for count, what in ((whole, "done"), (idle, "not begun")) if count)
    return Text(f"  … and {len(hidden)} models more" + (f" ({detail})" if detail else ""), "dim")


def _summary(progress: Progress) -> Text:
    parts = [f"{progress.done} of {progress.planned} trials"]
    if progress.seconds is not None:
        parts.append(brief(progress.seconds))
    if progress.per_hour is not None:
        parts.append(f"{progress.per_hour:.0f} an hour")
    if progress.remaining is not None and progress.done < progress.planned:
        value, low, high = map(brief, progress.remaining)
        parts.append(f"about {value} to go ({low} – {high})")
    cap = f" of {progress.usd_cap:.2f}" if progress.usd_cap is not None else ""
    parts.append(f"{progress.usd:.4f}{cap} USD")
    return Text(" · ".join(parts), style="dim")


def _fitting(models: list[ModelProgress], column: int, width: int, room: int) -> list[ModelProgress]:
    """Those for which there are lines, in their order: at work before waiting, waiting before done."""
    if sum(_folded(each, column, width) for each in models) <= room:
        return models
    left = max(FEWEST_MODELS, room - 1)
    kept = []
    for each in sorted(models, key=lambda each: (not each.working, each.done == each.planned, not each.done)):
        left -= _folded(each, column, width)
        if left >= 0:
            kept.append(each)
    return [each for each in models if each in kept]


def _first(said: list[Text], width: int, room: int) -> list[Text]:
    """Those from the first on that fit into so many lines, and of the first as much as does."""
    kept = [said[0].copy()] if said else []
    for each in kept:
        each.truncate(width * room - 1, overflow="ellipsis")
    for each in said[1:]:
        if sum(_lines(other, width) for other in [*kept, each]) > room:
            break
        kept.append(each)
    return kept


def _folded(model: ModelProgress, column: int, width: int) -> int:
    """Lines that a model takes."""
    return max(2 if width < TINY else 1, -(-cell_len(visible(model.model)) // column))


def _lines(text: Text, width: int) -> int:
    """Lines that a text takes, where words stay whole: one more than its characters fill may be needed."""
    if text.no_wrap or text.cell_len <= width:
        return 1
    return 1 - (-text.cell_len // max(1, width))
