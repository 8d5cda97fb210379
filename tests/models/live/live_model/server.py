"""A real model behind a real server: SmolLM2-135M-Instruct, served by llama.cpp on a free port of 127.0.0.1.

It speaks Chat Completions, Responses and Messages, on one processor thread, one conversation at a time. What it
computed for one prompt it keeps for the next that begins alike, and numbers differ in their last bits with the place
where it goes on, and words with them. After `forget` it begins at the beginning: at temperature 0, equal
conversations then get equal answers, whatever came before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from live_model.build import model_file, server_program
from live_model.cache import Say

TEMPLATE = Path(__file__).with_name("chat_template.jinja")
START_SECONDS = 400.0
STOP_SECONDS = 60.0
CONTEXT = 8192
"""Tokens of prompt and answer together."""


class ServerFailed(Exception):
    """The server did not come up; the message ends with its log."""


@dataclass(frozen=True)
class LiveServer:
    """A running server."""

    url: str
    """Without the `/v1`."""
    model: str
    """The name that it goes by."""
    pid: int
    folder: Path

    def prompts(self) -> list[str]:
        """Every prompt that the model was given so far, as text after the chat template, oldest first."""
        return [file.read_text(encoding="utf-8") for file in sorted((self.folder / "prompts").iterdir())]

    def forget(self) -> None:
        """Drop what was computed for earlier prompts, by asking one that begins otherwise."""
        body = {"prompt": "Once", "n_predict": 1, "temperature": 0}
        httpx.post(f"{self.url}/completion", json=body, timeout=600, trust_env=False).raise_for_status()

    def log(self) -> str:
        """What the server has said so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def live_server(say: Say) -> Iterator[LiveServer]:
    """A server of this process's own. Raises ServerFailed, BuildFailed or PackageFailed."""
    program, weights = server_program(say), model_file(say)
    folder = Path(tempfile.mkdtemp(prefix="taskfit-live-"))
    command = [
        *([guard, "--pdeathsig", "KILL"] if (guard := shutil.which("setpriv")) else []),
        *(str(program), "-m", str(weights), "--alias", weights.stem, "--offline"),
        *("--host", "127.0.0.1", "--port", "0"),
        *("-t", "1", "-c", str(CONTEXT), "--parallel", "1"),
        *("--cache-ram", "0"),
        *("--jinja", "--chat-template-file", str(TEMPLATE)),
        *("--log-prompts-dir", str(folder / "prompts")),
    ]
    (folder / "prompts").mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=_environment()
        )
    try:
        server = LiveServer(_address(process, folder / "log"), weights.stem, process.pid, folder)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, once the model is loaded: with port 0 the system picks the port and the log tells it."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if told := re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text(errors="replace")):
            try:
                if httpx.get(f"{told[1]}/health", timeout=60, trust_env=False).status_code == 200:
                    return told[1]
            except httpx.TransportError:
                pass
        time.sleep(0.05)
    tail = log.read_text(errors="replace")[-3000:]
    raise ServerFailed(f"the server did not come up (exit code {process.poll()}); its log ends with:\n{tail}")


def _environment() -> dict[str, str]:
    """No setting of the user's own llama.cpp reaches this one."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("LLAMA_", "GGML_", "HF_"))}
