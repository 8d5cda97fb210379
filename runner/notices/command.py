"""A message handed to a program of the user's."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from typing import IO

from runner.messages import to_json
from runner.notices.message import Message

MOST_SAID = 500
"""Bytes of a program's complaint that are passed on."""


class NotTold(Exception):
    """A message did not arrive; the sentence says why."""


def run_command(command: str, message: Message, seconds: float) -> None:
    """No shell sees a word of it; whatever still runs in the program's session after `seconds` is killed. Raises
    NotTold."""
    try:
        process = subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=os.environ | message.variables(),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NotTold(f"the command cannot be run: {error}") from None
    assert process.stderr is not None
    complaint = bytearray()
    listening = threading.Thread(target=_listen, args=(process.stderr, complaint), daemon=True)
    listening.start()
    process.stderr = None
    try:
        process.communicate(to_json(message), timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise NotTold(f"the command took longer than {seconds:g} s and was ended") from None
    listening.join(0.5)
    if process.returncode:
        said = bytes(complaint).decode("utf-8", "replace").strip()
        raise NotTold(f"the command ended with {process.returncode}" + (f": {said}" if said else ""))


def _listen(stream: IO[bytes], kept: bytearray) -> None:
    """Take whatever comes, and keep its beginning."""
    with stream:
        while block := stream.read1(65_536):  # type: ignore[attr-defined]
            kept += block[: MOST_SAID - len(kept)]
