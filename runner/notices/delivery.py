"""Hands a message to everybody who is to be told, in bounded time; nothing that goes wrong there stops a run."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from runner.errors import FileProblem
from runner.messages import to_json
from runner.notices.command import NotTold, run_command
from runner.notices.message import Message
from runner.notices.settings import Notify
from runner.notices.webhook import NotPosted, post

KEPT = "notify.json"
"""In the run's folder, readable by its owner alone: who is told when the run goes on."""
SLACK_SECONDS = 2.0


def deliver(settings: Notify, message: Message, say: Callable[[str], None]) -> None:
    """Both ways at once; returns when they are through, or their time is up. `say` hears what did not arrive."""
    if message.event not in settings.on:
        return
    ways: list[Callable[[], None]] = []
    if settings.command:
        ways.append(lambda: run_command(settings.command, message, settings.seconds))
    if settings.webhook:
        ways.append(lambda: post(settings.webhook, settings.headers(), message, settings.seconds))
    threads = [threading.Thread(target=_told, args=(way, say), name="notice", daemon=True) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(settings.seconds + SLACK_SECONDS)
        if thread.is_alive():
            say(f"notify: no answer within {settings.seconds:g} s")


def _told(way: Callable[[], None], say: Callable[[str], None]) -> None:
    try:
        way()
    except (NotTold, NotPosted) as error:
        say(f"notify: {error}")
    except Exception as error:
        say(f"notify: {type(error).__name__}")


def keep(run: Path, settings: Notify) -> None:
    """For a run that goes on later; raises FileProblem."""
    file = run / KEPT
    try:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(to_json(settings, indent=1))
    except OSError as error:
        raise FileProblem(file, f"cannot be written: {error}") from None


def kept(run: Path) -> Notify:
    """Who is told of a run; nobody where nothing was kept. Raises FileProblem for a damaged file."""
    file = run / KEPT
    try:
        return Notify.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Notify()
    except (OSError, ValidationError) as error:
        raise FileProblem(file, f"is no [notify] table: {error}") from None
