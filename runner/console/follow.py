"""A run followed from outside, until it ends or the one who looks has seen enough."""

from __future__ import annotations

import time
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from runner.console.progress import table
from runner.durations import brief
from runner.following.progress import Progress
from runner.following.watching import Watcher
from runner.visible import visible


def follow(watcher: Watcher, console: Console, every: float) -> Progress:
    """Show the table until the run no longer works, or until Ctrl-C; returns what was seen last."""
    seen = watcher.progress()
    if seen.state != "running":
        return seen

    def shown() -> Group:
        size = console.size
        return Group(state(seen), table(seen, size.width, size.height - 2))

    with suppress(KeyboardInterrupt), Live(get_renderable=shown, console=console, refresh_per_second=2, transient=True):
        while seen.state == "running":
            time.sleep(every)
            seen = watcher.progress()
    return seen


def state(progress: Progress) -> Text:
    """Whether anybody works on the run, and what to do where nobody does."""
    name = visible(progress.run)
    left = progress.planned - progress.done
    match progress.state:
        case "running":
            since = f" for {brief(progress.seconds)}" if progress.seconds is not None else ""
            return Text(f"{name}: process {progress.pid} works on it{since}", "green")
        case "done":
            return Text(f"{name}: done", "green")
        case "stopped":
            return Text(f"{name}: stopped in order, {left} trials are left; taskfit resume goes on with it", "yellow")
        case "dead":
            who = f"process {progress.pid}" if progress.pid else "the process"
            return Text(f"{name}: {who} is gone, {left} trials are left; taskfit resume goes on with it", "bold red")
