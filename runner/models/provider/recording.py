"""Exchanges kept beside a transcript, byte for byte but for secrets: a trial can be run again without a network."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from runner.errors import ModelFault

FOLDER = "exchanges"
REQUEST, ANSWER = "{:04d}.request.json", "{:04d}.answer"
MAX_DIFFERENCE = 4000
HIDDEN = b"[key]"


class Recording:
    """Writes each finished exchange of a trial; nowhere without a folder."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self._folder = folder / FOLDER if folder is not None else None
        self._secret = key.encode()
        self._count = 0

    def keep(self, body: bytes, answer: bytes) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count += 1
        (self._folder / REQUEST.format(self._count)).write_bytes(self.clean(body))
        (self._folder / ANSWER.format(self._count)).write_bytes(self.clean(answer))

    def clean(self, data: bytes) -> bytes:
        """`data` without the key, wherever a server or a model may have put it."""
        return data.replace(self._secret, HIDDEN) if self._secret else data


class Recorded:
    """Serves a trial's exchanges again, in order, to whoever asks the same."""

    def __init__(self, trial: Path) -> None:
        self._folder = trial / FOLDER
        self._count = 0

    @staticmethod
    def there(trial: Path) -> bool:
        return (trial / FOLDER / REQUEST.format(1)).is_file()

    def answer_to(self, body: bytes) -> bytes:
        """Raises ModelFault when the request is another one than was recorded here, with the difference."""
        self._count += 1
        try:
            asked = (self._folder / REQUEST.format(self._count)).read_bytes()
            answer = (self._folder / ANSWER.format(self._count)).read_bytes()
        except FileNotFoundError:
            raise ModelFault(f"the recording {self._folder} has no exchange {self._count}") from None
        if asked != body:
            raise ModelFault(f"exchange {self._count} was recorded for another request:\n{_difference(asked, body)}")
        return answer


def _difference(asked: bytes, body: bytes) -> str:
    old, new = (json.dumps(json.loads(each), indent=1, ensure_ascii=False).splitlines() for each in (asked, body))
    return "\n".join(difflib.unified_diff(old, new, "recorded", "now", lineterm="", n=1))[:MAX_DIFFERENCE]
